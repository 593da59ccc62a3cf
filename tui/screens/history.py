"""The runs of this session side by side, the newest first."""

from __future__ import annotations

from typing import Any, ClassVar

from rich import box
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from sor.report.words import price, signed
from tui.desk import Opened
from tui.screens.page import Page

LABEL, COLUMN = 18, 24


class HistoryPage(Page):
    NAME = "history"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Newer", key_display="←"),
        Binding("right", "move(1)", "Older", key_display="→"),
        Binding("enter", "open_run", "Open"),
        Binding("o", "app.open", "Open file"),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    HistoryPage #scroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def body(self) -> ComposeResult:
        with VerticalScroll(id="scroll", can_focus=False):
            yield Static(id="table")

    def on_resize(self) -> None:
        self.refresh_page()

    def refresh_page(self) -> None:
        runs = list(reversed(self.desk_app.desk.runs))
        self._at = min(self._at, max(0, len(runs) - 1))
        table = self.query_one("#table", Static)
        if not runs:
            table.update("No runs in this session yet: F2 to set one up.")
            return
        room = max(1, (self.size.width - LABEL - 2) // (COLUMN + 2))
        first = max(0, self._at - room + 1)
        table.update(_side_by_side(runs[first : first + room], self._at - first))

    def action_move(self, step: int) -> None:
        self._at = min(max(0, self._at + step), max(0, len(self.desk_app.desk.runs) - 1))
        self.refresh_page()

    def action_open_run(self) -> None:
        runs = list(reversed(self.desk_app.desk.runs))
        if runs:
            self.desk_app.desk.shown = runs[self._at]
            self.desk_app.action_page("result")


def _side_by_side(runs: list[Opened], at: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), border_style="dim")
    table.add_column("", width=LABEL, style="dim", no_wrap=True)
    for column, run in enumerate(runs):
        head = Text(f" {run.name} ", style="bold reverse" if column == at else "bold")
        table.add_column(head, width=COLUMN, justify="right", no_wrap=True)
    parts = [_parts(run) for run in runs]
    for title in parts[0]:
        if title:
            table.add_row(title)
        for label in dict.fromkeys(label for part in parts for label in part[title]):
            table.add_row(f"{'  ' if title else ''}{label}", *(part[title].get(label, "-") for part in parts))
    return table


Facts = dict[str, Text | str]


def _parts(run: Opened) -> dict[str, Facts]:
    """What there is to compare, under its titles."""
    data = run.data
    order, best, rules, sample = data["order"], data["optimized"], data["rules"], data["out_of_sample"]
    means, intervals = sample.get("mean_savings_bps", {}), sample.get("ci95", {})
    facts: Facts = {
        "order": f"{order['side']} {order['quantity']:,}",
        "symbol": str(data["tape"]["symbol"] or "-"),
        "window": f"{order['start'][11:19]} to {order['end'][11:19]}",
        "strategy": rules["strategy"],
        "parameters": _parameters(data),
        "queue model": rules["queue_model"],
        "stream": run.how,
        "complete": Text("no", style="bold yellow") if run.partial else "yes",
        "warnings": Text(str(len(data["warnings"])), style="yellow" if data["warnings"] else ""),
        "avg price": price(best["avg_fill_px"]),
        "filled": f"{best['filled']:,}",
        "forced": Text(f"{best['forced']:,}", style="yellow" if best["forced"] else ""),
        "slippage, bps": signed(best.get("slippage_bps")),
    }
    saved: Facts = {name: _gain(value) for name, value in data["savings_vs_baselines_bps"].items()}
    honest: Facts = {name: _with_interval(means.get(name), intervals.get(name)) for name in ("X_M", "vwap")}
    return {"": facts, "savings, bps": saved, "out of sample, bps": honest}


def _with_interval(mean: Any, interval: Any) -> Text:
    between = f" ({signed(interval[0])} to {signed(interval[1])})" if interval else ""
    return Text.assemble(_gain(mean), (between, "dim"))


def _parameters(data: Any) -> str:
    multiples = data["best_parameters"].get("multiples", {})
    values = [multiples.get(n, data["best_parameters"].get(n)) for n in ("lambda_over", "lambda_under", "theta_queue")]
    unit = "x" if multiples else ""
    return " ".join(f"{float(v):g}{unit}" for v in values if v is not None)


def _gain(value: Any) -> Text:
    text = signed(value)
    return Text(text, style={"+": "green", "-": "red"}.get(text[0], "") if value is not None else "dim")
