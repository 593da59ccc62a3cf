"""`sor data convert`: any tape, of one file or several, to our Parquet form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sor.cli.options.tape_options import clock_option, format_option, lot_option, strict_option, symbol_in_option
from sor.text import say


@click.command("convert", epilog="Example: sor data convert XNAS.dbn.zst ARCX.dbn.zst day.parquet")
@click.argument("tape", metavar="IN...", nargs=-1, required=True)
@click.argument("out", metavar="OUT.parquet", type=click.Path(path_type=Path))
@clock_option
@symbol_in_option
@format_option
@lot_option
@strict_option
def command(
    tape: tuple[str, ...],
    out: Path,
    clock: Any,
    symbol_in: tuple[str, ...],
    format: str | None,  # noqa: A002
    lot: int | None,
    strict: bool,
) -> None:
    """Write a tape (files, folders or globs that are one tape together) in our Parquet form.

    It keeps all symbols, the trades, and every price and size as an integer, in the order of time, each exchange under
    one venue. A backtest gives the same bytes from either, and reads this one many times faster.
    """
    from sor.cli.progress import bytes_progress
    from sor.tapes.convert import convert
    from sor.tapes.options import ReadOptions

    with bytes_progress(f"converting {Path(tape[0]).name}") as progress:
        facts = convert(
            tape, out, symbol_in=symbol_in, options=ReadOptions(format, lot, clock), strict=strict, progress=progress
        )
    rows = sum(symbol.rows for symbol in facts.symbols)
    say(f"wrote {out}: {rows:,} rows, {out.stat().st_size / 1e6:,.1f} MB")
    if facts.bad_rows:
        say(f"{facts.bad_rows:,} bad rows were left out, the first: {facts.first_bad}")
    for note in facts.notes:
        say(note)
