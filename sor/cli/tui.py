"""`sor tui`: the terminal interface, for those who have a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

import click

from sor.cli.backtest import order_options
from sor.cli.options.kafka_config import bootstrap_servers, kafka_config
from sor.errors import InputError

LEAST_COLUMNS, LEAST_LINES = 60, 20
FLAGS = ("adverse_selection", "strict")


@click.command(epilog="Example: sor tui --speed 10    or: sor tui report.json")
@click.argument("report", required=False, metavar="[REPORT]")
@order_options
@click.option("--speed", default="max", show_default=True, metavar="1|10|max", help="How fast the stream is played.")
@kafka_config
@bootstrap_servers
@click.option("--topic", default="mock_l1_stream", show_default=True)
def command(report: str | None, speed: str, bootstrap_servers: str, topic: str, **options: Any) -> int:
    """Drive producer and backtest and watch the order being worked; or look at a saved report.

    The options fill the form. Without a broker the tape is streamed inside the program. Every finished or interrupted
    run is kept in ~/.local/state/sor/reports (or SOR_STATE).
    """
    check_terminal()
    from tui.app import main
    from tui.state.form import as_text

    values = {name: as_text(value) for name, value in options.items() if value not in (None, False, ())}
    values |= {"speed": speed, "servers": bootstrap_servers, "topic": topic}

    return main(values, report)


def check_terminal() -> None:
    """InputError in one line if this is no place for a screen."""
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output"), (sys.stderr, "error output")):
        if not stream.isatty():
            raise InputError(f"sor tui needs a terminal, and standard {name} is none: use sor backtest instead")
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        raise InputError(
            f"sor tui needs a terminal that can move its cursor, and TERM is {os.environ.get('TERM', '')!r}: "
            "set TERM=xterm-256color, or use sor backtest"
        )
    # A shell or a library may have exported the size of another moment; the terminal's own is right, and with
    # these set a screen would never see a resize.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    columns, lines = shutil.get_terminal_size()
    if columns < LEAST_COLUMNS or lines < LEAST_LINES:
        raise InputError(
            f"this terminal has {columns} columns and {lines} lines, and sor tui needs {LEAST_COLUMNS} and "
            f"{LEAST_LINES} (80 and 24 are comfortable): make it larger, or use sor backtest"
        )
