"""The report of a sweep as one HTML page that needs nothing else: no script, no picture file, no network.

Plots are SVG within the page. Colours: M. Okabe, K. Ito, "Color universal design" (2008); wherever a colour says
something, a shape or a word says it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from sor.errors import SorError
from sor.report.words import NOTHING, signed
from sor.sweep.answer import Answer, label
from sor.sweep.row import MARKOUTS
from sor.sweep.words import EXECUTION, FOUND, SHARES, TITLES, by_venue, facts, interval, share

INKS = {"saves": "#009E73", "costs": "#D55E00", "equal": "#777777", "nothing": "#777777", "unknown": "#777777"}
MARKS = {"saves": "▲", "costs": "▼", "equal": "=", "nothing": "·", "unknown": "?"}
WIDTH, HEIGHT = 260, 22  # of a row's plot, in pixels

STYLE = """
:root { color-scheme: light dark; --ink: #222; --quiet: #666; --faint: #ddd; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --quiet: #a0a0a0; --faint: #444; --paper: #161616; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th { color: var(--quiet); font-weight: 500; vertical-align: bottom; } td.name, th.name, th:first-child {
  text-align: left; } td.name { vertical-align: top; white-space: normal; max-width: 13rem; }
td.plot, th.plot { padding-top: 0; padding-bottom: 0; line-height: 0; }
.scroll { overflow-x: auto; } .quiet { color: var(--quiet); font-size: .9rem; }
.verdict { font-weight: 600; font-size: 1.1rem; }
svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
svg .grid { stroke: var(--faint); } svg .zero { stroke: var(--quiet); }
"""


def write_page(found: Answer, path: Path) -> None:
    """Write the page; it appears when it is whole. SorError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(page(found.data), encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SorError(f"{path}: cannot be written ({error.strerror})") from None


def page(data: Mapping[str, Any]) -> str:
    """The whole page."""
    first, *others = data["verdict"]
    parts = [
        "<h1>Does it save money, where, and is it luck?</h1>",
        f'<p class="verdict">{escape(first)}</p>',
        _list(others),
        "".join(f'<p class="quiet">{escape(line)}</p>' for line in facts(data).splitlines()),
        _section("Savings, judged", data["judged"]),
        '<p class="quiet">Right of zero is cheaper than what it is compared with; the line is the 95 % interval.</p>',
        _list([entry["verdict"] + "." for entry in data["parameters"]], "Parameters"),
        "<h2>How it was done</h2>" + _execution(data["execution"]),
        _markouts(data["execution"]),
        *(
            _section(f"Savings by {title}", data["by"][name], "value")
            for name, title in TITLES.items()
            if len({entry["value"] for entry in data["by"][name]}) > 1
        ),
        _section("Savings by venue: what its shares added", by_venue(data), "value"),
        _section("Every parameter set, all orders (in sample)", data["overall"])
        if len(data["overall"]) > len(data["judged"])
        else "",
        _list([f"{name.replace('_', ' ')}: {text}" for name, text in data["method"].items()], "Method"),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>sor sweep</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _list(lines: Sequence[str], title: str = "") -> str:
    if not lines:
        return ""
    head = f"<h2>{escape(title)}</h2>" if title else ""
    return head + "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _section(title: str, entries: Sequence[Mapping[str, Any]], *first: str) -> str:
    """Savings as a table in which each row is drawn as well."""
    if not entries:
        return ""
    names = [(*(str(entry[n]) for n in first), label(entry), str(entry["baseline"])) for entry in entries]
    heads = [*("" for _ in first), "strategy", "against"]
    marks = [(entry["mean_bps"], entry["ci95"], entry["found"]) for entry in entries]
    more = [
        [
            NOTHING if entry["p_holm"] is None else f"{entry['p_holm']:.3f}",
            f"{MARKS[entry['found']]} {FOUND[entry['found']]}",
            f"{entry['orders']:,}",
            f"{entry['blocks']:,}",
        ]
        for entry in entries
    ]
    drawn = _forest(heads, names, marks, ["p (Holm)", "found", "orders", "blocks"], more)
    return f"<h2>{escape(title)}</h2>{drawn}"


def _execution(entries: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [head, *(share(entry[key]) if key in SHARES else signed(entry[key], 3) for entry in entries)]
        for key, head in EXECUTION.items()
    ]
    return _table(["", *(label(entry) for entry in entries)], rows)


def _markouts(entries: Sequence[Mapping[str, Any]]) -> str:
    names: list[tuple[str, ...]] = []
    marks: list[Mark] = []
    more: list[list[str]] = []
    for entry in entries:
        for name in MARKOUTS:
            found = entry[name]
            if found is not None:
                low_high = found["ci95"]
                sure = low_high is not None and not low_high[0] <= 0 <= low_high[1]
                kind = "nothing" if not sure else "saves" if found["mean_bps"] > 0 else "costs"
                names.append((label(entry), name.split("_")[1]))
                marks.append((found["mean_bps"], low_high, kind))
                more.append([f"{found['orders']:,}"])
    if not marks:
        return ""
    text = "Where the mid went after passive fills; below zero, to the left, is adverse selection."
    drawn = _forest(["strategy", "after"], names, marks, ["orders"], more)
    return f'<h2>Markouts</h2><p class="quiet">{text}</p>{drawn}'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = (
        f'<tr><td class="name">{escape(name)}</td>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    return _framed(head, "".join(body))


def _framed(head: str, body: str) -> str:
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


Mark = tuple[float, Sequence[float] | None, str]


def _forest(
    heads: Sequence[str],
    names: Sequence[tuple[str, ...]],
    marks: Sequence[Mark],
    more_heads: Sequence[str],
    more: Sequence[Sequence[str]],
) -> str:
    """A table of means with their intervals, drawn row by row on one axis with zero on it.

    names: what each row is about, from the coarsest on; what a row shares with the one above is not said again.
    """
    axis = _Axis.over(marks)
    head = "".join(f'<th class="name">{escape(text)}</th>' for text in heads)
    head += f'<th class="plot">{axis.scale()}</th>'
    head += "".join(f"<th>{escape(text)}</th>" for text in ["mean bps", "95 % interval", *more_heads])
    body = []
    for at, (mark, rest) in enumerate(zip(marks, more, strict=True)):
        figures = [signed(mark[0], 3), interval(mark[1]), *rest]
        cells = "".join(f"<td>{escape(text)}</td>" for text in figures)
        body.append(f'<tr>{_names(names, at)}<td class="plot">{axis.drawn(mark)}</td>{cells}</tr>')
    return _framed(head, "".join(body))


def _names(names: Sequence[tuple[str, ...]], at: int) -> str:
    """The leading cells of a row; one that goes on over several rows is in the first of them."""
    cells = []
    for depth in range(1, len(names[at]) + 1):
        mine = names[at][:depth]
        if at and names[at - 1][:depth] == mine:
            continue
        rows = next((n for n, name in enumerate(names[at:]) if name[:depth] != mine), len(names) - at)
        cells.append(f'<td class="name" rowspan="{rows}">{escape(mine[-1])}</td>')
    return "".join(cells)


@dataclass(frozen=True, slots=True)
class _Axis:
    """What is drawn in a column's plots: from low to high, in bps."""

    low: float
    high: float

    @classmethod
    def over(cls, marks: Sequence[Mark]) -> _Axis:
        ends = [0.0] + [end for mean, ci95, _ in marks for end in (mean, *(ci95 or ()))]
        low, high = min(ends), max(ends)
        pad = (high - low or 1.0) * 0.08
        return cls(low - pad, high + pad)

    def x(self, value: float) -> str:
        return f"{(value - self.low) / (self.high - self.low) * WIDTH:.1f}"

    def scale(self) -> str:
        ticks = [f'<text x="{self.x(t)}" y="16" text-anchor="middle">{t:g}</text>' for t in _ticks(self.low, self.high)]
        return _svg("".join(ticks), "axis in basis points")

    def drawn(self, mark: Mark) -> str:
        mean, ci95, found = mark
        y, ink = HEIGHT / 2, INKS[found]
        parts = [
            f'<line class="{"grid" if tick else "zero"}" x1="{self.x(tick)}" x2="{self.x(tick)}" y1="0" y2="{HEIGHT}"/>'
            for tick in _ticks(self.low, self.high)
        ]
        if ci95 is not None:
            ends = f'x1="{self.x(ci95[0])}" x2="{self.x(ci95[1])}" y1="{y}" y2="{y}"'
            parts.append(f'<line {ends} stroke="{ink}" stroke-width="2"/>')
        parts.append(f'<circle cx="{self.x(mean)}" cy="{y}" r="4" fill="{ink}"/>')
        return _svg("".join(parts), f"{signed(mean, 3)}, {interval(ci95)}")


def _svg(inside: str, said: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(said)}">{inside}</svg>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Some round numbers between low and high, zero among them."""
    power = 10.0 ** floor(log10((high - low) / 4))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= 6)
    return [round(n * step, 12) for n in range(ceil(low / step), int(high // step) + 1)]
