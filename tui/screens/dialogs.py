"""Small windows over a screen: a question, a path, the help."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from sor.doctor.finding import Finding, State

BOX = """
    {0} {{ align: center middle; background: $background; }}
    {0} .box {{ width: 72; max-width: 96%; height: auto; max-height: 96%; padding: 1 2; background: $surface;
               border: round $primary; }}
    {0} .box Horizontal {{ height: auto; margin-top: 1; }}
    {0} Button {{ margin-right: 2; }}
"""


class Ask(ModalScreen[bool]):
    """A question with two answers. True for the first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "Go on"),
        Binding("y", "answer(True)", "Yes"),
        Binding("left,right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = BOX.format("Ask")

    def __init__(self, question: str, yes: str, no: str) -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Content(self._question))
            with Horizontal():
                yield Button(self._yes, id="yes", variant="warning")
                yield Button(self._no, id="no")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class AskPath(ModalScreen[str | None]):
    """A path, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = BOX.format("AskPath")

    def __init__(self, title: str, hint: str, path: str = "") -> None:
        super().__init__()
        self._title, self._hint, self._path = title, hint, path

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Content.assemble((self._title, "bold")))
            yield Input(self._path, id="path")
            yield Static(Content.assemble((self._hint, "$text-muted")))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


HELP = """[bold]sor[/] streams a tape of quotes, routes a parent order through it and says what other ways of doing it \
would have cost.

[bold $text-primary]Screens[/]
  F2 Setup     what to run: order, tape, strategy, stream
  F3 Watch     the run as it goes
  F4 Result    what it cost and saved, with warnings
  F5 History   the kept reports: find, open, compare
  F6 Broker    Kafka: state, topics, lag; start and stop it

[bold $text-primary]Everywhere[/]
  ^p palette (every action by name)   ^q quit   ? this help
  Tab and Shift+Tab move, Enter chooses, the mouse works

[bold $text-primary]Setup[/]   ^r run   ^o open a saved report   ^l all defaults
[bold $text-primary]Watch[/]   Space pause and resume   + - speed   s stop   r run again
        z zooms a panel (Tab chooses it) and back   f fills   / filters them
        1 market  2 cost  3 venues  4 fills  5 slices  6 stream, each alone
[bold $text-primary]Result[/]  1-5 or ← → tabs   w save all   j save JSON   y copy   b page   r run again
[bold $text-primary]History[/] Enter open   / filter   m mark, c compare   o open a file
[bold $text-primary]Broker[/]  u up   d down   x doctor: what is wrong, what fixes it

[bold $text-primary]Words[/]
  saved      what a share cost less than a share of X_M, of twap, so far
  slippage   cost against the arrival price: timing + placement + fees
  M          shares the router takes at once in a slice
  L_k        shares it rests at venue k, at the best price of its side
  ahead      shares in front of ours in that queue
  router     on Watch: tuned on the slices before (walk forward). The
             report's cont_kukanov has the best parameters of the whole run,
             which only its end tells; out of sample is the honest figure.
  Negative costs against arrival are gains: the market moved our way.
"""


class Help(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1,enter", "dismiss", "Close")]
    DEFAULT_CSS = BOX.format("Help") + "Help .box { width: 78; }"

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Static(Content.from_markup(HELP))


class Findings(ModalScreen[None]):
    """What `sor doctor` has found: the states in colour, and under each fault the command that fixes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,x,enter", "dismiss", "Close")]
    DEFAULT_CSS = BOX.format("Findings") + "Findings .box { width: 120; }"
    STYLES: ClassVar[dict[State, str]] = {
        State.OK: "green", State.WARNING: "yellow", State.WRONG: "bold red", State.SKIPPED: "dim",
    }  # fmt: skip

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__()
        self._findings = findings

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Static(self._table())

    def _table(self) -> Table:
        wrong = [finding.name for finding in self._findings if finding.state is State.WRONG]
        title = f"wrong: {', '.join(wrong)}" if wrong else "nothing is wrong"
        table = Table(
            title=Text(title, style="bold"), title_justify="left", show_header=False, box=None, pad_edge=False
        )
        for finding in self._findings:
            table.add_row(Text(finding.state, style=self.STYLES[finding.state]), finding.name, Text(finding.seen))
            if finding.fix:
                table.add_row("", "fix", Text(finding.fix))
        return table
