"""`sor report`: a kept report, printed again or as a page to mail."""

from __future__ import annotations

from pathlib import Path

import click

from sor.text import say

BESIDE = "\0beside"  # no file has this name


@click.command(epilog="Example: sor report out/report.json --html    (writes out/report.html)")
@click.argument("place", metavar="FILE|DIR")
@click.option(
    "--html",
    is_flag=False,
    flag_value=BESIDE,
    metavar="[OUT]",
    help="Write one self-contained page; without OUT beside the report.",
)
def command(place: str, html: str | None) -> None:
    """Show a report that was kept (report.json, or the folder that --out made)."""
    from sor.report.files.saved import DAMAGE, damaged, read_saved

    saved = read_saved(Path(place), with_fills=html is not None)
    try:
        if html is None:
            from sor.report.tables.report_table import print_report

            print_report(saved.data)
            return
        from sor.report.pages.report_page import PageContent, page

        text = page(PageContent(saved.data, saved.fills, None, saved.missing))
    except DAMAGE as error:
        raise damaged(saved.path, error) from None
    out = saved.path.with_suffix(".html") if html == BESIDE else Path(html)
    from sor.report.pages.write import write_page

    write_page(text, out)
    say(f"wrote {out}")
