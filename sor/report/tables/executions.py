"""The short tables of `tca`: spreads by kind of fill, fill rates by venue; the rest is in the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from sor.report.format import NOTHING, chosen_strategy, signed
from sor.report.tables.cells import figures_table, titled

SECOND, MINUTE = 1.0, 60.0


def execution_tables(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """How the chosen strategy executed, where that was analysed."""
    found = data.get("tca", {}).get("strategies", {}).get(chosen_strategy(data))
    if not found:
        return
    if found["spreads"]:
        table = figures_table(*spread_columns())
        add_spreads(table, found["spreads"])
        yield titled(f"Spreads of {chosen_strategy(data)}'s fills, cents a share", table)
    if found["fill_rates"]:
        table = figures_table(*rate_columns())
        for row in rate_rows(found["fill_rates"]):
            table.add_row(*row)
        yield titled(f"How {chosen_strategy(data)}'s resting orders were filled", table)


def spread_columns() -> tuple[str, ...]:
    return "fills", "shares", "quoted", "effective", "E/Q", "realized 1 s", "1 min"


def add_spreads(table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Of all venues together, cents a share."""
    for row in rows:
        if row["venue"] is None:
            ratio = row["effective_over_quoted"]
            after = {float(one["seconds"]): one["realized_cents"] for one in row["after"]}
            table.add_row(
                row["kind"],
                f"{row['shares']:,}",
                signed(row["quoted_cents"]),
                signed(row["effective_cents"]),
                NOTHING if ratio is None else f"{float(ratio):.2f}",
                signed(after.get(SECOND)),
                signed(after.get(MINUTE)),
            )


def rate_columns() -> tuple[str, ...]:
    return "resting at", "orders", "shares", "filled", "any fill", "median wait"


def rate_rows(rates: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Venue by venue, then all where there are several."""
    venues = [(row["name"] or f"venue {row['publisher_id']}", row) for row in rates["venues"]]
    for name, row in [*venues, *([("all", rates["all"])] if len(venues) > 1 else [])]:
        wait = row["median_seconds"]
        yield (
            name,
            f"{row['orders']:,}",
            f"{row['shares']:,}",
            _percent(row["share_filled"]),
            _percent(row["orders_touched"]),
            NOTHING if wait is None else f"{float(wait):.2f} s",
        )


def _percent(part: Any) -> str:
    return NOTHING if part is None else f"{float(part):.1%}"
