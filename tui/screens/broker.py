"""The broker: does it serve, what is in it, how far its readers are; on a server also the units and their journal."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.messages import BrokerState
from tui.screens.page import Page


class BrokerPage(Page):
    NAME = "broker"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "app.broker(True)", "Start local broker"),
        Binding("d", "app.broker(False)", "Stop it"),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    BrokerPage #scroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def body(self) -> ComposeResult:
        with VerticalScroll(id="scroll"):
            yield Static("Asking the broker...", id="state")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.desk_app.watch_broker()

    def on_screen_suspend(self) -> None:
        self.desk_app.leave_broker()

    def refresh_page(self) -> None:
        state = self.desk_app.broker_state
        if state is not None:
            self.query_one("#state", Static).update(Group(*_parts(state)))


def _parts(state: BrokerState) -> list[RenderableType]:
    word = Text("● serves", style="bold green") if state.serves else Text("○ does not serve", style="bold red")
    parts: list[RenderableType] = [word, *(Text(line) for line in state.lines), Text("")]
    if not state.serves:
        parts += [Text("Runs are embedded without a broker. u starts one on this machine.", style="dim"), Text("")]
    if state.topics:
        parts += [_table("Topics", ("topic", "messages", "first", "end", "on disk"), state.topics), Text("")]
    if state.groups:
        heads = ("group", "state", "topic", "committed", "end", "lag")
        parts += [_table("Readers", heads, state.groups), Text("")]
    if state.units:
        parts += [_table("systemd", ("unit", "state"), state.units), Text("")]
    parts += [Text(line, style="dim") for line in state.journal]
    return parts


def _table(title: str, heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    table = Table(
        title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0),
        header_style="dim",
    )  # fmt: skip
    for at, head in enumerate(heads):
        words = not any(row[at][:1].isdigit() for row in rows)
        table.add_column(head, justify="left" if words or at == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table
