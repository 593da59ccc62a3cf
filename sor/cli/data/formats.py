"""`sor data formats`: the formats that can be read."""

from __future__ import annotations

import sys
from typing import Any

import click


@click.command("formats", epilog="Example: sor data formats --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on standard output.")
def command(as_json: bool) -> None:
    """List the formats of tapes that can be read: of vendors, and of our own.

    A file's format is found by its header or its name; --format names it if neither shows it, or a TOML file that
    describes one of your own (docs/formats.md).
    """
    formats = _formats()
    if as_json:
        from sor.report.encode import encode

        sys.stdout.write(encode({"formats": formats}))
        return
    for seen in formats:
        click.echo(f"{seen['name']:<22}{seen['holds']:<8}{seen['form']:<7}{seen['about']}")
    click.echo()
    click.echo("DBN and Parquet files are known by their first bytes and need no name.")
    click.echo("Made from documentation, with no real file at hand: " + ", ".join(_unseen(formats)) + ".")


def _formats() -> list[dict[str, Any]]:
    from sor.tapes.vendor.shipped import names, shipped

    return [
        {
            "name": name,
            "holds": shipped(name).holds,
            "form": shipped(name).form.value,
            "about": shipped(name).about,
            "made_from": shipped(name).made_from or "real files",
        }
        for name in names()
    ]


def _unseen(formats: list[dict[str, Any]]) -> list[str]:
    return [seen["name"] for seen in formats if seen["made_from"] != "real files"]
