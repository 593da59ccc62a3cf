"""Options that name a tape, the same for every command that reads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from sor.cli.options.suggest import FILE
from sor.options.order_options import BY_NAME

Decorator = Callable[[Any], Any]


def tape_option(default: str = "the bundled tape") -> Decorator:
    return click.option(
        "--tape",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help=f"File, folder, quoted glob or VENUE=FILE; several are one tape, merged by time.  [default: {default}]",
    )


clock_option: Decorator = click.option(
    "--clock",
    type=click.Choice(["event", "recv"]),
    default="event",
    show_default=True,
    help="Which time of a row counts: the exchange's, or that of the capture.",
)

format_option: Decorator = click.option(
    "--format",
    metavar="NAME|FILE.toml",
    help="Format of the files, if their headers do not say it: see `sor data formats`.",
)

lot_option: Decorator = click.option(
    "--lot",
    type=click.IntRange(1, 1_000_000),
    metavar="SHARES",
    help="Shares in a unit of displayed size, whatever the format says: 1, or 100 for round lots.",
)

strict_option: Decorator = click.option("--strict", is_flag=True, help=BY_NAME["strict"].help)

symbol_in_option: Decorator = click.option(
    "--symbol-in",
    multiple=True,
    metavar="FILE=ID",
    help="Which instrument_id of a file without symbols is the stock.",
)
