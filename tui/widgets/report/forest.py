"""A forest plot: what was saved against each baseline, with its confidence interval, on one axis.

A colour means that the interval excludes zero, and that it still does for all baselines together (Holm); everything
else is not more than luck may give, and is grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from textual.content import Content

from sor.report.format import signed
from sor.report.tables.strategies import dollars_saved
from sor.report.withheld import without_drift
from tui import format as words
from tui.widgets.panel import BAD, DIM, GOOD, line

FIRST = ("X_M", "best_ask", "twap", "vwap", "market_vwap")  # then the others in their order
DOLLARS, WORDS = 104, 76  # cells from which there is room for dollars, for the verdict
NOT_ALONE = "not after Holm"  # it would exclude zero if it were the only one
MEAN, BETWEEN, ORDER, SAVED, VERDICT = 8, 18, 11, 12, 16


@dataclass(frozen=True, slots=True)
class ForestRow:
    """Savings against one baseline, bps: out of sample with its interval, and on this order. note: what it is."""

    name: str
    mean: float | None
    ends: tuple[float, float] | None
    order: Decimal | None
    dollars: Decimal | None
    note: str
    same_schedule: bool

    @property
    def style(self) -> str:
        if self.ends is None or self.ends[0] <= 0.0 <= self.ends[1] or self.note == NOT_ALONE:
            return ""
        return GOOD if self.ends[0] > 0.0 else BAD


def estimates(data: Mapping[str, Any]) -> list[ForestRow]:
    """One for each baseline, the most important first."""
    data = without_drift(data)
    sample, saved = data["out_of_sample"], data["savings_vs_baselines_bps"]
    means, ends = sample.get("mean_savings_bps", {}), sample.get("ci95", {})
    there = {*means, *saved, *(name for name, entry in data["strategies"].items() if entry["kind"] == "benchmark")}
    names = dict.fromkeys([*(name for name in FIRST if name in there), *means, *saved])
    chosen = data["rules"]["strategy"]
    return [
        ForestRow(
            name,
            None if means.get(name) is None else float(means[name]),
            None if not ends.get(name) else (float(ends[name][0]), float(ends[name][1])),
            saved.get(name, _saved(name, data)),
            _dollars(name, data),
            _note(name, data),
            name not in sample.get("other_schedules", ()),
        )
        for name in names
        if name != chosen
    ]


def _dollars(name: str, data: Mapping[str, Any]) -> Decimal | None:
    """On this order, where it is compared on it."""
    entry = data["strategies"][name]
    return dollars_saved(data, entry) if name in data["baselines"] or entry["kind"] == "benchmark" else None


def _saved(name: str, data: Mapping[str, Any]) -> Decimal | None:
    """On this order against a benchmark that the report has no savings of, bps: both did the same shares."""
    dollars = _dollars(name, data)
    return None if dollars is None else dollars / data["strategies"][name]["total_cash"] * 10_000


def _note(name: str, data: Mapping[str, Any]) -> str:
    sample = data["out_of_sample"]
    if name in sample.get("other_schedules", ()):
        return "other schedule"
    if data["strategies"][name]["kind"] == "benchmark":
        return "benchmark"
    verdict, ends = sample.get("verdict", {}).get(name) or "", sample.get("ci95", {}).get(name)
    if not verdict.startswith("no evidence"):
        return verdict
    return "no evidence" if not ends or ends[0] <= 0 <= ends[1] else NOT_ALONE


def forest(data: Mapping[str, Any], width: int) -> list[Content]:
    """The plot as lines; empty where nothing was compared."""
    rows = estimates(data)
    if not rows:
        return []
    low, high = _range(rows)
    shape = _ForestWidths.for_rows(rows, width)
    plot = [shape.row(row, low, high) for row in rows]
    return [_title(data), shape.head(), *plot, shape.axis(low, high)]


def _title(data: Mapping[str, Any]) -> Content:
    sample = data["out_of_sample"]
    judged = f", {sample['judged']:,} of {sample['slices']:,} slices" if sample.get("judged") else ""
    return line((f"Saved, bps: 95 % intervals out of sample{judged}", "bold $text-primary"))


def _full_name(name: str) -> str:
    """X_L_2 with the name of its venue."""
    number = name.removeprefix("X_L_")
    return f"{name} {words.venue(int(number))}" if number != name and number.isdigit() else name


def _range(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Wide enough for all that is on the same schedule; what goes beyond is cut off with an arrow."""
    near = [row for row in rows if row.same_schedule and row.ends] or list(rows)
    values = [0.0]
    for row in near:
        values += row.ends or [v for v in (row.mean, None if row.order is None else float(row.order)) if v is not None]
    low, high = min(values), max(values)
    margin = (high - low or 1.0) * 0.08
    return low - margin, high + margin


@dataclass(frozen=True, slots=True)
class _ForestWidths:
    """How wide the columns are."""

    name: int
    plot: int
    dollars: bool
    verdict: bool

    @classmethod
    def for_rows(cls, rows: Sequence[ForestRow], width: int) -> _ForestWidths:
        dollars, verdict = width >= DOLLARS, width >= WORDS
        name = max(len(_full_name(row.name) if dollars else row.name) for row in rows) + 1
        taken = name + MEAN + BETWEEN + ORDER + SAVED * dollars + (VERDICT + 1) * verdict
        return cls(name, max(8, width - taken), dollars, verdict)

    def head(self) -> Content:
        dollars = f"{'dollars':>{SAVED}}" if self.dollars else ""
        figures = f"{'mean':>{MEAN}}{'interval':>{BETWEEN}}{'this order':>{ORDER}}{dollars}"
        text = f"{'against':{self.name + self.plot}}{figures} {'verdict' if self.verdict else ''}"
        return line((text.rstrip(), DIM))

    def row(self, e: ForestRow, low: float, high: float) -> Content:
        ends = "-" if e.ends is None else f"{signed(e.ends[0])} to {signed(e.ends[1])}"
        dollars = f"{signed(e.dollars):>{SAVED}}" if self.dollars else ""
        return line(
            (f"{_full_name(e.name) if self.dollars else e.name:{self.name}}", "bold" if e.name == "X_M" else ""),
            *self._interval(e, low, high),
            (f"{signed(e.mean):>{MEAN}}", f"bold {e.style}"),
            (f"{ends:>{BETWEEN}}", e.style or DIM),
            f"{signed(e.order):>{ORDER}}{dollars}",
            (f" {e.note}" if self.verdict else "", e.style or DIM),
        )

    def _at(self, value: float, low: float, high: float) -> int:
        return round((value - low) / (high - low) * (self.plot - 1))

    def _interval(self, e: ForestRow, low: float, high: float) -> list[tuple[str, str]]:
        cells = [" "] * self.plot
        cells[self._at(0.0, low, high)] = "│"
        if e.ends is not None:
            first, last = (self._at(end, low, high) for end in e.ends)
            for x in range(max(0, first), min(self.plot - 1, last) + 1):
                cells[x] = "┼" if cells[x] == "│" else "─"
            cells[max(0, first)] = "◂" if first < 0 else "├"
            cells[min(self.plot - 1, last)] = "▸" if last >= self.plot else "┤"
        value = e.mean if e.mean is not None else None if e.order is None else float(e.order)
        if value is not None:
            at = self._at(value, low, high)
            sign = "◂" if at < 0 else "▸" if at >= self.plot else "●" if e.mean is not None else "○"
            cells[min(self.plot - 1, max(0, at))] = sign
        return [("".join(cells), e.style or "$foreground 70%")]

    def axis(self, low: float, high: float) -> Content:
        cells = [" "] * (self.plot + 12)
        for value in (0.0, low, high):  # where there is no room for all, zero
            text = f"{value:+.1f}" if value else "0"
            at = min(self.plot - len(text), max(0, self._at(value, low, high) - len(text) // 2))
            if all(cell == " " for cell in cells[max(0, at - 1) : at + len(text) + 1]):
                cells[at : at + len(text)] = text
        note = "  ○ this order alone, where nothing is out of sample"
        text = "".join(cells[: self.plot])
        return line((f"{'':{self.name}}{text}", DIM), (note if self.plot + self.name + len(note) < 150 else "", DIM))
