"""`sor data convert`: any tape to our Parquet form."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("convert", epilog="Example: sor data convert day.csv.gz day.parquet")
@click.argument("tape", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT.parquet", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="A bad row of the tape is an error.")
def command(tape: Path, out: Path, strict: bool) -> None:
    """Write a tape (CSV or DBN, plain or compressed) in our Parquet form.

    It keeps all symbols, the trades, and every price and size as an integer, in the order of time. A backtest gives
    the same bytes from either file, and reads this one many times faster.
    """
    from sor.cli.progress import bytes_progress
    from sor.tapes.convert import convert

    with bytes_progress(f"converting {tape.name}") as progress:
        facts = convert(tape, out, strict=strict, progress=progress)
    rows = sum(symbol.rows for symbol in facts.symbols)
    click.echo(f"wrote {out}: {rows:,} rows, {out.stat().st_size / 1e6:,.1f} MB", err=True)
    if facts.bad_rows:
        click.echo(f"{facts.bad_rows:,} bad rows were left out, the first: {facts.first_bad}", err=True)
