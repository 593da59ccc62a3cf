"""`sor data info`: what is on a tape."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sor.cli.options.tape_options import clock_option, format_option, lot_option, strict_option, symbol_in_option

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SYMBOLS_SHOWN = 10


@click.command("info", epilog="Example: sor data info XNAS.csv.gz ARCX.csv.gz --json")
@click.argument("tape", metavar="FILE...", nargs=-1, required=True)
@clock_option
@symbol_in_option
@format_option
@lot_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on standard output.")
@strict_option
def command(
    tape: tuple[str, ...],
    clock: Any,
    symbol_in: tuple[str, ...],
    format: str | None,  # noqa: A002
    lot: int | None,
    as_json: bool,
    strict: bool,
) -> None:
    """Show what is on a tape: rows, symbols, venues, times, actions, spreads, sizes, and what looks wrong."""
    from sor.cli.progress import bytes_progress
    from sor.tapes.info.facts import tape_info
    from sor.tapes.options import ReadOptions

    with bytes_progress(f"reading {Path(tape[0]).name}") as progress:
        info = tape_info(
            tape, symbol_in=symbol_in, options=ReadOptions(format, lot, clock), strict=strict, progress=progress
        )
    if as_json:
        from sor.report.encode import encode

        sys.stdout.write(encode(info))
    else:
        _print(info)


def _print(info: dict[str, Any]) -> None:
    from sor.text import terminal

    console = terminal(highlight=False)
    for table in (_facts(info), _venues(info), _distributions(info)):
        console.print(table)
    _list(console, "looks wrong:", info["looks_wrong"], "bold yellow", "nothing looks wrong")
    _list(console, "worth knowing:", info["worth_knowing"], "bold")
    _list(console, "notes:", info["left_out"], "bold")


def _list(console: Console, head: str, sentences: list[str], style: str, otherwise: str = "") -> None:
    if sentences or otherwise:
        console.print(head if sentences else otherwise, style=style if sentences else "bold green")
    for sentence in sentences:
        console.print(f"  {sentence}", markup=False, soft_wrap=True)


def _facts(info: dict[str, Any]) -> Table:
    from rich.markup import escape

    table = _table("", "")
    for name, text in _lines(info):
        table.add_row(name, escape(text))
    table.title = escape(str(info["tape"]))
    return table


def _lines(info: dict[str, Any]) -> Iterator[tuple[str, str]]:
    symbols = list(info["symbols"])
    more = f" and {len(symbols) - _SYMBOLS_SHOWN} more" if len(symbols) > _SYMBOLS_SHOWN else ""
    yield "rows", f"{info['rows']:,}"
    yield "symbols", (", ".join(symbols[:_SYMBOLS_SHOWN]) or "not named") + more
    yield "first", info["first"]
    yield "last", f"{info['last']} ({info['seconds']:,.3f} s later)"
    rate = info["snapshots_per_second"]
    mean = f", {rate['mean']:,} a second" if rate["mean"] is not None else ""
    yield "snapshots", f"{info['snapshots']:,}{mean}, {rate['busiest']:,} in the busiest second"
    for file in info["files"] if len(info["files"]) > 1 else ():
        yield file["name"], f"{file['rows']:,} rows, {file['first'] or 'none'} to {file['last'] or 'none'}"
    if info["overlap"] is not None:
        yield "all files", f"{info['overlap']['first']} to {info['overlap']['last']}"
    for venue, took in info["latency_us"].items():
        yield (
            f"latency of {venue}",
            f"ts_recv - ts_event {took['median']:,} us in the median, at most {took['max']:,} us",
        )
    gap = info["longest_gap"]
    if gap["after"]:
        yield "longest gap", f"{gap['seconds']:,.3f} s after {gap['after']}"
    yield "actions", ", ".join(f"{letter} {seen['share']:.1%}" for letter, seen in info["actions"].items())
    if info["top_changes"] is not None:
        yield "top changes", f"in {info['top_changes']:.1%} of rows"
    if info["shown"] is not None:
        for side, venues in info["shown"].items():
            yield f"{side} shown at", ", ".join(f"{venue} {share:.1%}" for venue, share in venues.items())
    yield "traded", f"{info['traded']:,} shares in {info['trade_size']['count']:,} trades"


def _venues(info: dict[str, Any]) -> Table:
    from sor.report.format import venue_names

    names = venue_names()
    table = _table("venue", "name", "rows", "share", "trades", "shares traded", right=(2, 3, 4, 5))
    for venue, seen in info["venues"].items():
        cells = (f"{seen['rows']:,}", f"{seen['share']:.1%}", f"{seen['trades']:,}", f"{seen['traded']:,}")
        table.add_row(venue, names.get(int(venue), ""), *cells)
    return table


def _distributions(info: dict[str, Any]) -> Table:
    table = _table("", "min", "median", "mean", "max", right=(1, 2, 3, 4))
    for key, name in _FIGURES.items():
        seen = info[key]
        table.add_row(name, *("-" if seen[f] is None else f"{seen[f]:,.6g}" for f in ("min", "median", "mean", "max")))
    return table


_FIGURES = {
    "spread": "spread, dollars",
    "bid_size": "bid size, shares",
    "ask_size": "ask size, shares",
    "trade_size": "trade size, shares",
}


def _table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=any(columns), title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in right else "left", overflow="fold")
    return table
