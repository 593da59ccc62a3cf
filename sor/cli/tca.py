"""`sor tca`: one's own executions against a tape, and against what strategies would have paid."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from sor.cli.backtest import order_options
from sor.cli.options.suggest import FILE
from sor.errors import InputError
from sor.request import REQUEST_FIELDS, BacktestRequest
from sor.text import say


@click.command(epilog="Example: sor tca fills.csv --tape day.csv.gz --out desk    (docs/tca.md has the columns)")
@click.argument("fills", type=FILE)
@order_options
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=COLUMN",
    help="Which column is time, venue, side, price, size, order, kind or decided, if its name does not say it.",
)
@click.option("--only", metavar="ORDER", help="Only this parent order of the file.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="By which the clocks of FILLS and tape may differ when a fill is called impossible.",
)
@click.option("--alone", is_flag=True, help="Do not work the orders as X_M, twap and the router would have.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on standard output.")
@click.option("--out", type=FILE, metavar="DIR", help="Write tca.json and fills.csv (with quotes and mids) there.")
def command(
    fills: str,
    columns: tuple[str, ...],
    only: str | None,
    tolerance: float,
    alone: bool,
    as_json: bool,
    out: str | None,
    **options: Any,
) -> None:
    """Analyse executions of your own (CSV or Parquet) against a tape.

    An order's quantity is what it filled, or --quantity; its window runs from its first fill to its last, or from
    --start to --end.
    """
    from sor.cli.progress import bytes_progress
    from sor.report.encode import encode
    from sor.tca.run import analyse_file, write_folder

    request = BacktestRequest(**{name: options[name] for name in REQUEST_FIELDS})
    if out is not None:
        from sor.report.files.folder import check_writable

        check_writable(Path(out))
    with bytes_progress("reading the tape") as progress:
        found = analyse_file(
            Path(fills),
            request,
            columns=_columns(columns),
            only=only,
            tolerance=round(tolerance * 10**9),
            compare=not alone,
            progress=progress,
            said=say,
        )
    if out is not None:
        for path in write_folder(found, Path(out)):
            say(f"wrote {path}")
    if as_json:
        sys.stdout.write(encode(found.data))
    else:
        from sor.tca.own_table import print_own

        print_own(found.data)


def _columns(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise InputError(f"--column {text!r} is not NAME=COLUMN")
        pairs[name.strip()] = column
    return pairs
