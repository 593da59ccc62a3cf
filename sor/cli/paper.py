"""`sor paper`: the numerical section of Cont and Kukanov, computed anew."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: sor paper --out docs    (writes docs/paper.md and docs/img/paper.png)")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=None, metavar="DIR",
    help="Write paper.md and img/paper.png there as well.",
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
        text = "\n\n".join(sheet.markdown() for sheet in sheets)
        (out / "paper.md").write_text(f"# The paper, computed anew\n\n{text}\n\n![Figure](img/paper.png)\n")
        click.echo(f"wrote {out / 'paper.md'} and {out / 'img' / 'paper.png'}", err=True)
