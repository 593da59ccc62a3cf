"""`sor data`: look at, make and convert tapes."""

from __future__ import annotations

import click

from sor.cli import LazyGroup


class DataGroup(LazyGroup):
    table = {  # noqa: RUF012
        "info": ("sor.cli.data.info", "What is on a tape, and what looks wrong."),
        "formats": ("sor.cli.data.formats", "The formats that can be read."),
        "synth": ("sor.cli.data.synth", "Make a tape of our own."),
        "convert": ("sor.cli.data.convert", "Write a tape in our fast Parquet form."),
    }


@click.group("data", cls=DataGroup, epilog="Example: sor data info day.csv.gz")
def command() -> None:
    """Look at, make and convert tapes."""
