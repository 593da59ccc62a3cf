"""The report of a sweep as one HTML page that needs nothing else: no script, no picture file, no network.

Plots are SVG within the page. Colours: M. Okabe, K. Ito, "Color universal design" (2008); wherever a colour says
something, a shape or a word says it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from sor.errors import SorError
from sor.report.words import NOTHING, signed
from sor.sweep.answer import Answer, label
from sor.sweep.row import MARKOUTS
from sor.sweep.words import EXECUTION, FOUND, SHARES, TITLES, facts, interval, share

INKS = {"saves": "#009E73", "costs": "#D55E00", "equal": "#777777", "nothing": "#777777", "unknown": "#777777"}
MARKS = {"saves": "▲", "costs": "▼", "equal": "=", "nothing": "·", "unknown": "?"}
LEFT, RIGHT, ROW = 330, 90, 24  # of a plot, in pixels
WIDTH = 860
MOST = 60  # lines of one plot

STYLE = """
:root { color-scheme: light dark; --ink: #222; --quiet: #666; --faint: #ddd; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --quiet: #a0a0a0; --faint: #444; --paper: #161616; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; border-bottom: 1px solid var(--faint); }
th { color: var(--quiet); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; } .quiet { color: var(--quiet); font-size: .9rem; }
.verdict { font-weight: 600; } svg { max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .axis { fill: var(--quiet); }
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
        _list([entry["verdict"] + "." for entry in data["parameters"]], "Parameters"),
        "<h2>How it was done</h2>" + _execution(data["execution"]),
        _markouts(data["execution"]),
        *(
            _section(f"Savings by {title}", data["by"][name], "value")
            for name, title in TITLES.items()
            if len({entry["value"] for entry in data["by"][name]}) > 1
        ),
        _section("Savings by venue: what its shares added", data["by"]["venue"], "value"),
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
    if not entries:
        return ""
    names = [
        " · ".join([*(str(entry[n]) for n in first), f"{label(entry)} – {entry['baseline']}"]) for entry in entries
    ]
    heads = ["", "orders", "blocks", "mean bps", "95 % interval", "p (Holm)", "found"]
    rows = [
        [
            name,
            f"{entry['orders']:,}",
            f"{entry['blocks']:,}",
            signed(entry["mean_bps"], 3),
            interval(entry["ci95"]),
            NOTHING if entry["p_holm"] is None else f"{entry['p_holm']:.3f}",
            f"{MARKS[entry['found']]} {FOUND[entry['found']]}",
        ]
        for name, entry in zip(names, entries, strict=True)
    ]
    marks = [(name, e["mean_bps"], e["ci95"], e["found"]) for name, e in zip(names, entries, strict=True)]
    return f"<h2>{escape(title)}</h2>{_forest(marks[:MOST], title)}{_table(heads, rows)}"


def _execution(entries: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [head, *(share(entry[key]) if key in SHARES else signed(entry[key], 3) for entry in entries)]
        for key, head in EXECUTION.items()
    ]
    return _table(["", *(label(entry) for entry in entries)], rows)


def _markouts(entries: Sequence[Mapping[str, Any]]) -> str:
    marks = []
    for entry in entries:
        for name in MARKOUTS:
            found = entry[name]
            if found is not None:
                low_high = found["ci95"]
                sure = low_high is not None and not low_high[0] <= 0 <= low_high[1]
                kind = "nothing" if not sure else "saves" if found["mean_bps"] > 0 else "costs"
                marks.append((f"{label(entry)}, {name.split('_')[1]}", found["mean_bps"], low_high, kind))
    if not marks:
        return ""
    text = "Where the mid went after passive fills, in bps; to the left is adverse selection."
    return f'<h2>Markouts</h2><p class="quiet">{text}</p>{_forest(marks, "Markouts")}'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


Mark = tuple[str, float, Sequence[float] | None, str]


def _forest(marks: Sequence[Mark], title: str) -> str:
    """Means with their intervals, one below the other, on one axis with zero on it."""
    ends = [0.0] + [end for _, mean, ci95, _ in marks for end in (mean, *(ci95 or ()))]
    low, high = min(ends), max(ends)
    pad = (high - low or 1.0) * 0.05
    low, high = low - pad, high + pad
    height = ROW * len(marks) + 34

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    parts = []
    for tick in _ticks(low, high):
        kind = "zero" if tick == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="4" y2="{height - 26}"/>')
        parts.append(f'<text class="axis" x="{x(tick):.1f}" y="{height - 10}" text-anchor="middle">{tick:g}</text>')
    for at, (name, mean, ci95, found) in enumerate(marks):
        y, ink = 4 + ROW * at + ROW / 2, INKS[found]
        shown = name if len(name) <= 52 else name[:51] + "…"
        parts.append(f'<text x="0" y="{y + 4:.1f}">{escape(shown)}<title>{escape(name)}</title></text>')
        if ci95 is not None:
            parts.append(
                f'<line x1="{x(ci95[0]):.1f}" x2="{x(ci95[1]):.1f}" y1="{y}" y2="{y}" stroke="{ink}" stroke-width="2"/>'
            )
        parts.append(f'<circle cx="{x(mean):.1f}" cy="{y}" r="4" fill="{ink}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y + 4:.1f}">{signed(mean, 2)} {MARKS[found]}</text>')
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(title)}, basis points">{"".join(parts)}</svg>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between low and high, zero among them."""
    step = 10.0 ** len(str(int(high - low)))
    while (high - low) / step < 4:
        step /= 2 if f"{step:e}".startswith(("1", "2")) else 2.5
    first, last = int(low / step), int(high / step)
    return [round(n * step, 12) for n in range(first, last + 1)]
