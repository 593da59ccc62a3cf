"""`sor paper`: the numerical section of Cont and Kukanov, computed again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sor.files.writing import write_whole
from sor.text import say, terminal

if TYPE_CHECKING:
    from sor.paper.printed import OtherTables
    from sor.paper.sheet import Sheet

_MARKS = ("<!-- paper: begin -->", "<!-- paper: end -->")


@click.command(epilog="Example: sor paper --out docs    (the tables go into docs/paper.md)")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=None, metavar="DIR",
    help="Write paper.md there (if it has our marks: only the part between them) and img/paper.png as well.",
)  # fmt: skip
@click.option(
    "--printed", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="FILE",
    help="JSON with the numbers that the paper prints, to be set beside ours.",
)  # fmt: skip
@click.option(
    "--all", "everything", is_flag=True,
    help="Tables 2 and 3, Figures 3 to 9 and the first version's table as well: some minutes.",
)  # fmt: skip
def command(out: Path | None, printed: Path | None, everything: bool) -> None:
    """Reproduce Figure 2 and Table 1 of arXiv:1210.1625v4, all three sizes of Table 1 included."""
    from rich.table import Table

    from sor.paper import reproduce, tables
    from sor.paper.printed import NOTHING, read_other_tables, read_printed

    there = None if printed is None else read_printed(printed)
    rest = read_other_tables(printed) if printed is not None and everything else NOTHING

    if out is not None:
        (out / "img").mkdir(parents=True, exist_ok=True)  # before the minute that it takes
    marks = reproduce.figure_2_thresholds()
    rows = []
    sensitivity = []
    for k in range(1, 6):
        say(f"K = {k} ...")
        rows += [reproduce.table_1_row(k, size=size) for size in reproduce.SIZES]
        sensitivity += [reproduce.table_1_row(k, weight) for weight in (0.0, 0.3, 0.9)]
    rows.sort(key=lambda row: (row.size, row.venues))
    middle = [row for row in rows if row.size == reproduce.SIZE]
    sheets = [tables.thresholds_sheet(marks), tables.table_1_sheet(rows), tables.weights_sheet(sensitivity + middle)]
    if there is not None:
        sheets.insert(2, tables.printed_sheet(rows, there))
    if everything:
        sheets += _rest(rest)
    console = terminal()
    if not console.is_terminal:
        console = terminal(width=140)
    for sheet in sheets:
        table = Table(*sheet.header, title=sheet.title, title_justify="left")
        for column in table.columns:
            column.justify = "right"
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
    if out is not None:
        from sor.paper.figure import draw_figure

        draw_figure(out / "img" / "paper.png", reproduce.figure_2_curves(), marks, middle)
        page = _write(out, "\n\n".join([*(sheet.markdown() for sheet in sheets), "![Figure](img/paper.png)"]))
        say(f"wrote {page} and {out / 'img' / 'paper.png'}")


def _rest(printed: OtherTables) -> list[Sheet]:
    """What only --all computes."""
    from sor.paper.decomposition import table_2, table_2_sheet
    from sor.paper.first_version import convergence_sheet, first_table_sheet
    from sor.paper.sensitivity import notes_sheet, sensitivity_sheet
    from sor.paper.two_exchanges import table_3_sheet

    say("Tables 2 and 3, Figures 3 to 9, the first version ...")
    sheets = [
        table_2_sheet(table_2(), printed.table_2),
        table_3_sheet(printed.table_3),
        convergence_sheet(printed.figure_3),
        sensitivity_sheet(),
        first_table_sheet(printed.first),
    ]
    if printed.figures:
        sheets.insert(4, notes_sheet(printed.figures))
    return sheets


def _write(out: Path, text: str) -> Path:
    """DIR/paper.md: what is between its marks where it has them (the project's own page), else all of it."""
    page = out / "paper.md"
    if page.is_file() and all(mark in (old := page.read_text("utf-8")) for mark in _MARKS):
        before, _, rest = old.partition(_MARKS[0])
        after = rest.partition(_MARKS[1])[2]
        write_whole(page, f"{before}{_MARKS[0]}\n\n{text}\n\n{_MARKS[1]}{after}")
    else:
        write_whole(page, f"# The paper, computed again\n\n{text}\n")
    return page
