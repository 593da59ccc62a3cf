"""`sor data synth`: make a tape of our own."""

from __future__ import annotations

import sys
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from sor.core.units import parse_time
from sor.errors import InputError
from sor.text import say

MINUTE = 60_000_000_000
MOST_MINUTES = 1440
MOST_VENUES = 15
MOST_SYMBOLS = 100
START = "2024-06-03T13:30:00Z"  # a Monday, 09:30 in New York
SYMBOL = "SYNT"


@click.command("synth")
@click.option("--venues", default=5, show_default=True, help="How many venues, the busiest first (1 to 15).")
@click.option("--minutes", default="10", show_default=True, help="How long; decimals are fine.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The file: .csv, .csv.gz, .csv.zst or .parquet."
)
@click.option(
    "--symbol", "symbols", multiple=True, default=[SYMBOL], show_default=True, help="May be given repeatedly."
)
@click.option("--start", default=START, show_default=True, help="Time of the tape's first instant (UTC).")
@click.option("--activity", default="1", show_default=True, help="Rate of events; 1 is the rate of the real tape.")
def command(
    venues: int, minutes: str, seed: int, out: Path, symbols: tuple[str, ...], start: str, activity: str
) -> None:
    """Make a consolidated tape of quotes and trades, with Databento's mbp-1 columns.

    The model and how it compares with a real tape: data/README.md.

    \b
    Example: sor data synth --venues 5 --minutes 10 --seed 1 --out tape.csv.gz
    A day:   sor data synth --venues 10 --minutes 390 --symbol A --symbol B --out day.parquet
    """
    from sor.synth.tape import SynthSpec, block_length
    from sor.synth.write import check_target, make_tape

    if not 1 <= venues <= MOST_VENUES:
        raise InputError(f"--venues {venues}: give a whole number from 1 to {MOST_VENUES}")
    if not 0 <= seed < 2**63:
        raise InputError(f"--seed {seed}: give a whole number from 0 to 2^63 - 1")
    spec = SynthSpec(
        venues=venues,
        length=int(_decimal("--minutes", minutes, Decimal("0.001"), Decimal(MOST_MINUTES)) * MINUTE),
        seed=seed,
        symbols=_symbols(symbols),
        start=_start(start),
        activity=int(_decimal("--activity", activity, Decimal("0.01"), Decimal(20)) * 1000),
    )
    check_target(out)
    began = time.monotonic()
    rows = 0
    with click.progressbar(
        length=-(-spec.length // block_length(spec)), label=f"writing {out.name}", file=sys.stderr
    ) as bar:

        def noticed(written: int) -> None:
            nonlocal rows
            rows += written
            bar.update(1)

        make_tape(spec, out, noticed)
    rate = rows / max(time.monotonic() - began, 1e-9)
    say(f"{out}: {rows:,} rows, {rate:,.0f} rows/s")


def _decimal(option: str, text: str, least: Decimal, most: Decimal) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and least <= value <= most):
        raise InputError(f"{option} {text}: give a number from {least} to {most}")
    return value


def _symbols(symbols: tuple[str, ...]) -> tuple[str, ...]:
    for symbol in symbols:
        if not symbol or not all(c.isascii() and (c.isalnum() or c in ".+-_") for c in symbol):
            raise InputError(f"--symbol {symbol!r}: letters, digits and . + - _ only")
    if len(set(symbols)) != len(symbols):
        raise InputError("--symbol: the same symbol is given twice")
    if len(symbols) > MOST_SYMBOLS:
        raise InputError(f"--symbol: at most {MOST_SYMBOLS} symbols")
    return symbols


def _start(text: str) -> int:
    try:
        start = parse_time(text)
    except ValueError:
        start = -1
    if not 0 <= start < 2**62:
        raise InputError(f"--start {text}: give a time such as {START}")
    return start
