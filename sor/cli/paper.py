"""`sor paper`: the numerical section of Cont and Kukanov, computed anew."""

from __future__ import annotations

from pathlib import Path

import click

_MARKS = ("<!-- paper: begin -->", "<!-- paper: end -->")


@click.command(epilog="Example: sor paper --out docs    (the tables go into docs/model.md)")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=None, metavar="DIR",
    help="Write paper.md (or the marked part of model.md there) and img/paper.png as well.",
)  # fmt: skip
def command(out: Path | None) -> None:
    """Reproduce Figure 2 and Table 1 of arXiv:1210.1625v4: ours, the printed value and the difference."""
    from rich.console import Console
    from rich.table import Table

    from sor.paper import reproduce, tables

    marks = reproduce.figure_2_thresholds()
    rows = []
    sensitivity = []
    for k in range(1, 6):
        click.echo(f"K = {k} ...", err=True)
        rows.append(reproduce.table_1_row(k))
        sensitivity += [reproduce.table_1_row(k, weight) for weight in (0.0, 0.3, 0.9)]
    sheets = [tables.thresholds_sheet(marks), tables.table_1_sheet(rows), tables.weights_sheet(sensitivity + rows)]
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    for sheet in sheets:
        table = Table(*sheet.header, title=sheet.title, title_justify="left")
        for column in table.columns:
            column.justify = "right"
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
    if out is not None:
        from sor.paper.figure import draw_figure

        (out / "img").mkdir(parents=True, exist_ok=True)
        draw_figure(out / "img" / "paper.png", reproduce.figure_2_curves(), marks, rows)
        page = _write(out, "\n\n".join([*(sheet.markdown() for sheet in sheets), "![Figure](img/paper.png)"]))
        click.echo(f"wrote {page} and {out / 'img' / 'paper.png'}", err=True)


def _write(out: Path, text: str) -> Path:
    """Between the marks of DIR/model.md where it has them (the project's own page), else as a page of its own."""
    model = out / "model.md"
    if model.is_file() and all(mark in (old := model.read_text()) for mark in _MARKS):
        before, _, rest = old.partition(_MARKS[0])
        after = rest.partition(_MARKS[1])[2]
        model.write_text(f"{before}{_MARKS[0]}\n\n{text}\n\n{_MARKS[1]}{after}")
        return model
    page = out / "paper.md"
    page.write_text(f"# The paper, computed anew\n\n{text}\n")
    return page
