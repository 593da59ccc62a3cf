"""The broker: does it serve, the topic of this run with its readers, and what else is there.

What concerns the run comes first: a server may have many topics, and they must not push its readers off the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.messages import BrokerState, GroupLag, Topic
from tui.screens.page import Page


class Section(Static):
    """A titled part of the page; without anything to show it is not there."""

    DEFAULT_CSS = """
    Section { height: auto; border-top: solid $foreground 25%; border-title-color: $text-muted;
              border-title-style: bold; display: none; }
    """

    def show(self, title: str, parts: Sequence[RenderableType]) -> None:
        self.display = bool(parts)
        self.border_title = title
        self.update(Group(*parts))


class BrokerPage(Page):
    NAME = "broker"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "app.broker(True)", "Start local broker"),
        Binding("d", "app.broker(False)", "Stop it"),
        Binding("x", "app.doctor", "Doctor"),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    BrokerPage #scroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def body(self) -> ComposeResult:
        with VerticalScroll(id="scroll"):
            yield Static("Asking the broker...", id="state")
            for name in ("units", "topic", "others", "journal"):
                yield Section(id=name)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.host.watch_broker()

    def on_screen_suspend(self) -> None:
        self.host.leave_broker()

    def refresh_page(self) -> None:
        state = self.host.broker_state
        if state is None:
            return
        self.query_one("#state", Static).update(Group(*_state(state, by_systemd=self.host.systemd_runs_it)))
        mine = [topic for topic in state.topics if topic.name == state.topic]
        rejected = [t for t in state.topics if t.name == f"{state.topic}.dlq" and t.end > t.first]
        others = [topic for topic in state.topics if topic not in mine]
        self._show("units", "systemd", _units(state))
        self._show("topic", f"Topic {state.topic}", _topic(mine, rejected, self.host.lags) if state.serves else [])
        self._show("others", f"Other topics: {len(others):,}", [_others(others)] if others else [])
        self._show("journal", "Journal", [_line(line) for line in state.journal])

    def _show(self, name: str, title: str, parts: Sequence[RenderableType]) -> None:
        self.query_one(f"#{name}", Section).show(title, parts)


def _line(text: str) -> Text:
    """One row, whatever its length."""
    return Text(text, style="dim", no_wrap=True, overflow="ellipsis")


def _state(state: BrokerState, *, by_systemd: bool) -> list[RenderableType]:
    word = Text("● serves", style="bold green") if state.serves else Text("○ does not serve", style="bold red")
    parts: list[RenderableType] = [word, *(Text(line) for line in state.lines)]
    if not state.serves:
        remedy = "sudo systemctl start kafka starts it" if by_systemd else "u starts one on this machine"
        parts.append(Text(f"Runs are embedded without a broker. {remedy}.", style="dim"))
    return parts


def _units(state: BrokerState) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, words in state.units:
        well = words.startswith("active")
        table.add_row(name, Text(f"{'●' if well else '○'} {words}", style="green" if well else "bold red"))
    return [table] if state.units else []


def _topic(mine: Sequence[Topic], rejected: Sequence[Topic], lags: Mapping[str, Sequence[int]]) -> list[RenderableType]:
    if not mine:
        return [Text("not there yet: the first run through the broker makes it", style="dim")]
    (topic,) = mine
    facts = [f"{topic.end - topic.first:,} messages", _offsets(topic), f"{_size(topic.bytes)} on disk"]
    parts: list[RenderableType] = [Text(", ".join(facts))]
    parts += [Text(f"{t.end - t.first:,} rejected, kept in {t.name}", style="yellow") for t in rejected]
    if not topic.readers:
        return [*parts, Text("no reader has committed an offset yet", style="dim")]
    table = _table(("reader", "state"), ("committed", "lag"), ("in the last minute",))
    for r in topic.readers:
        line = Text(sparkline(list(lags.get(r.group, ()))[-SPARKS:]), style="yellow" if r.lag else "green")
        table.add_row(r.group, r.state, f"{r.committed:,}", f"{r.lag:,}", line)
    return [*parts, table]


SPARKS = 30  # readings that are drawn: a minute
_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[int]) -> str:
    """A bar a value, the greatest of them full; nothing but zeros is a flat line."""
    most = max(values, default=0)
    return "".join(_BARS[round(value / most * (len(_BARS) - 1)) if most else 0] for value in values)


def _others(topics: Sequence[Topic]) -> Table:
    """A line a topic; of several readers the one that is furthest behind."""
    table = _table(("topic",), ("messages", "on disk"), ("reader",), ("lag",))
    for t in topics:
        slowest = max(t.readers, key=lambda r: r.lag, default=None)
        table.add_row(t.name, f"{t.end - t.first:,}", _size(t.bytes), _readers(t.readers), f"{slowest.lag:,}"
                      if slowest else "-")  # fmt: skip
    return table


def _readers(readers: Sequence[GroupLag]) -> str:
    return "-" if not readers else readers[0].group if len(readers) == 1 else f"{len(readers)} readers"


def _offsets(topic: Topic) -> str:
    if topic.partitions > 1:
        return f"{topic.partitions} partitions"
    return f"offsets {topic.first:,} to {topic.end:,}"


def _size(count: int | None) -> str:
    return "?" if count is None else f"{count / 1e6:,.1f} MB"


def _table(*groups: Sequence[str]) -> Table:
    """Columns of words, of figures, of words and so on in turn."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for at, heads in enumerate(groups):
        for head in heads:
            table.add_column(head, justify="right" if at % 2 else "left", no_wrap=True, overflow="ellipsis")
    return table
