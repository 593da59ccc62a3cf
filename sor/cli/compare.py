"""`sor compare`: reports side by side."""

from __future__ import annotations

import sys

import click

from sor.text import say


@click.command(epilog="Example: sor compare out/cont_kukanov out/delay --html compare.html")
@click.argument("reports", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on standard output.")
@click.option("--html", metavar="FILE", help="Write one self-contained page.")
def command(reports: tuple[str, ...], as_json: bool, html: str | None) -> None:
    """Set reports of one order side by side, over routers, options or days: report.json, or folders that have some."""
    from sor.comparison.compare import compare

    found = compare(*reports)
    if html is not None:
        found.write_html(html)
        say(f"wrote {html}")
    if as_json:
        sys.stdout.write(found.to_json())
    else:
        from sor.comparison.table import print_comparison

        print_comparison(found.data)
