"""The form: tape, order, strategy, stream. What is typed is looked at while it is typed, and so is the tape."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Static

from sor.errors import SorError
from tui import format as words
from tui.messages import Failed, RunRequest, TapeSummary
from tui.reach import where_it_goes
from tui.screens.page import Page
from tui.screens.setup_style import STYLE
from tui.state import form
from tui.state.remembered import remember
from tui.widgets.form.choice import Choice
from tui.widgets.form.path_suggester import PathSuggester

LEFT = ("Order", "Tape", "Stream")
OF_THE_TAPE = ("tape", "symbol", "symbol_in", "format", "lot", "clock", "tz", "snapshot_rule")
OF_THE_STREAM = ("stream", "servers", "topic", "run")
PATHS = ("tape", "fees", "own", "format")
SETTLED = 0.6  # seconds after the last key from which something typed is looked at


class SetupPage(Page):
    NAME = "setup"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "run", "Run"),
        Binding("ctrl+o", "app.open", "Open report"),
        Binding("ctrl+l", "clear", "Defaults"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = STYLE

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._values = dict(values or {})
        self._focused = "side"
        self._due: dict[str, Timer] = {}
        self._looked_at: dict[str, str] = {}
        self._asked_where: RunRequest | None = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False), Horizontal(id="columns"):
            for side in ("left", "right"):
                with Vertical(classes="column", id=side):
                    for title, fields in form.GROUPS:
                        if (title in LEFT) == (side == "left"):
                            yield from self._group(title, fields)
        yield Static(id="where")
        with Horizontal(id="bottom"):
            yield Static(id="hint")
            yield Button("Run", id="go", variant="success", compact=True)

    def _group(self, title: str, fields: tuple[form.FieldFacts, ...]) -> ComposeResult:
        rule = Static(classes="group")
        rule.border_title = title
        yield rule
        for field in fields:
            with Horizontal(classes="field", id=f"row-{field.name}"):
                yield Label(field.label)
                value = self._values.get(field.name, "")
                if field.choices:
                    yield Choice(field.choices, value, form.default(field.name), id=field.name)
                else:
                    suggester = PathSuggester() if field.name in PATHS else None
                    default = form.default(field.name)
                    yield Input(value, placeholder=default, id=field.name, compact=True, suggester=suggester)
            if field.name == "tape":
                yield Static(id="facts")

    def on_mount(self) -> None:
        self._check()
        self._later("where", self._say_where)
        if self._values.get("tape"):
            self._later("tape", self._look_at_tape)

    # -- what was typed ------------------------------------------------------------------------------------------------

    @property
    def values(self) -> dict[str, str]:
        """Everything that is not left to its default."""
        found: dict[str, str] = {}
        for name, field in form.FIELDS.items():
            if field.choices:
                found[name] = self.query_one(f"#{name}", Choice).value
            else:
                found[name] = self.query_one(f"#{name}", Input).value.strip()
        return {name: value for name, value in found.items() if value}

    def fill(self, values: Mapping[str, str]) -> None:
        """Put these values into the form, and nothing into the rest."""
        for name, field in form.FIELDS.items():
            value = values.get(name, "")
            if field.choices:
                self.query_one(f"#{name}", Choice).value = value
            else:
                self.query_one(f"#{name}", Input).value = value

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Input.Changed | Choice.Changed) -> None:
        name = event.control.id
        if name == "profile":
            self._placeholders()
        if name in OF_THE_TAPE:
            self._later("tape", self._look_at_tape)
        if name in OF_THE_STREAM:
            self._later("where", self._say_where)
        self._check()

    def _later(self, what: str, look: object) -> None:
        """Once nothing has been typed for a moment."""
        assert callable(look)
        if what in self._due:
            self._due[what].stop()
        self._due[what] = self.set_timer(SETTLED, look)

    def _placeholders(self) -> None:
        profile = self.values.get("profile", "default")
        for name, field in form.FIELDS.items():
            if field.choices:
                self.query_one(f"#{name}", Choice).default = form.default(name, profile)
            else:
                self.query_one(f"#{name}", Input).placeholder = form.default(name, profile)

    @on(DescendantFocus)
    def _focus(self, event: DescendantFocus) -> None:
        if event.widget.id in form.FIELDS:
            self._focused = event.widget.id or ""
            self.query_one("#hint", Static).update(Content(form.FIELDS[self._focused].help))

    def _check(self) -> bool:
        """Mark what is wrong, and say why under the field itself. True where all is well."""
        try:
            values = self.values
        except NoMatches:
            return False
        bad = {name: text for name, value in values.items() if (text := form.problem(name, value))}
        for name in form.FIELDS:
            row = self.query_one(f"#row-{name}")
            if row.has_class("-bad") or name in bad:
                row.set_class(name in bad, "-bad")
                self._say_why(name, bad.get(name, ""))
        self.query_one("#hint", Static).update(Content(form.FIELDS[self._focused].help))
        self.query_one("#go", Button).disabled = bool(bad)
        return not bad

    def _say_why(self, name: str, text: str) -> None:
        """A line that is there only as long as something is wrong, wrapped as it needs."""
        there = self.query(f"#why-{name}")
        if not text:
            there.remove()
        elif there:
            there.first(Static).update(Content(f"✗ {text}"))
        else:
            self.mount(Static(Content(f"✗ {text}"), id=f"why-{name}", classes="why"), after=f"#row-{name}")

    # -- the tape, and where it goes -----------------------------------------------------------------------------------

    def _look_at_tape(self) -> None:
        """Ask what the tape holds, unless that is known."""
        if not self.is_open:
            return
        wanted = {name: value for name, value in self.values.items() if name in OF_THE_TAPE}
        if wanted == self._looked_at or any(form.problem(name, value) for name, value in wanted.items()):
            return
        self._looked_at = wanted
        self._show_facts("looking at the tape..." if wanted else "", "")
        self._set_window("", "")
        self.host.look_at_tape(form.request(wanted).options if wanted else {})

    def show_tape(self, found: TapeSummary | Failed) -> None:
        """What it holds, in a line; the window's ends that nobody typed are then shown as they will be."""
        if isinstance(found, Failed):
            self._show_facts(f"✗ {found.text}", "-bad")
            return
        self._show_facts(found.text, "-good")
        if found.first is not None and found.last is not None:
            zone = self.values.get("tz", "UTC")
            self._set_window(words.clock(found.first, 3, zone), words.clock(found.last, 3, zone))

    def _show_facts(self, text: str, kind: str) -> None:
        facts = self.query_one("#facts", Static)
        facts.set_classes(f"-there {kind}" if text else "")
        facts.update(Content(text))

    def _set_window(self, start: str, end: str) -> None:
        profile = self.values.get("profile", "default")
        for name, text in (("start", start), ("end", end)):
            own = form.default(name, profile)
            self.query_one(f"#{name}", Input).placeholder = text if text and own == form.default(name) else own

    def _say_where(self) -> None:
        if self.is_open:
            with suppress(SorError):
                self._asked_where = form.request(self.values)
                Thread(target=self._find_where, args=(self._asked_where,), daemon=True).start()

    def _find_where(self, wanted: RunRequest) -> None:
        """In a thread, as an address that does not answer takes its time, and a name that is looked up more than that;
        of its own, as the program waits for those of `work` when it is left."""
        with suppress(SorError):
            text, writes = where_it_goes(wanted)
            with suppress(RuntimeError):  # the program has been left
                self.app.call_from_thread(self._show_where, wanted, text, writes)

    def _show_where(self, wanted: RunRequest, text: str, writes: bool) -> None:
        if wanted is not self._asked_where or not self.is_open:
            return  # it has been asked again, or the screen is being taken down
        where = self.query_one("#where", Static)
        where.set_class(writes, "-writes")
        where.update(Content(text))

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._later("where", self._say_where)  # a broker may have come or gone

    # -- keys ----------------------------------------------------------------------------------------------------------

    @on(Button.Pressed, "#go")
    @on(Input.Submitted)
    def action_run(self) -> None:
        if self._check():
            wanted: RunRequest = form.request(self.values)
            if not self.host.app_state.running:
                remember(self.values)
            self.host.start(wanted)

    def action_clear(self) -> None:
        self.fill({})
