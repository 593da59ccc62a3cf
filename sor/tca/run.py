"""From a file of fills and a tape to the analysis: what the command calls, and Python may."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sor.core.order import Side
from sor.core.tca.costs.spreads import kind_of
from sor.core.tca.market.fill_quotes import HORIZONS
from sor.core.units import dollars, format_time
from sor.errors import InputError, SorError
from sor.options.option_values import choice, whole
from sor.options.zones import Zone
from sor.report.encode import encode
from sor.report.sections.venues import venue_name
from sor.request import BacktestRequest
from sor.running.tape_source import Progress, tape_source
from sor.tca.fills_file import by_order, read_fills
from sor.tca.own_orders import Desk, OwnOrder
from sor.tca.own_report import own_report

TCA, FILLS = "tca.json", "fills.csv"


@dataclass(frozen=True, slots=True)
class OwnReport:
    """data: the JSON object (sor/tca/schema.json); orders: what it was made of."""

    data: Mapping[str, Any]
    orders: tuple[OwnOrder, ...]


def analyse_file(
    path: Path,
    request: BacktestRequest,
    *,
    columns: Mapping[str, str] | None = None,
    only: str | None = None,
    tolerance: int = 10**9,
    compare: bool = True,
    progress: Progress | None = None,
    said: Callable[[str], None] = lambda line: None,
) -> OwnReport:
    """Analyse the executions of a file against request.tape. tolerance in ns; the rest is as `sor tca` has it.

    InputError in one line where something is wrong.
    """
    spec = request.spec()
    side = None if request.side is None else choice("side", request.side, Side)
    quantity = None if request.quantity is None else whole("quantity", request.quantity, least=1, unit="shares")
    fills = read_fills(path, columns or {}, Zone.named(spec.tz), side)
    orders = [(name, mine) for name, mine in by_order(fills.fills) if only is None or name == only]
    if not orders:
        names = ", ".join(dict.fromkeys(fill.order for fill in fills.fills))
        raise InputError(f"{path}: no order {only!r}; it has {names or 'one without a name'}")
    if quantity is not None and len(orders) > 1:
        raise InputError(f"--quantity is of one order, and {path} has {len(orders)}: choose one with --only")
    source = tape_source(request, progress)
    desk = Desk(source, spec, tolerance, fills.simulated, compare, said)
    done = tuple(desk.order(name, mine, quantity) for name, mine in orders)
    return OwnReport(own_report(fills, done, spec, source.tape_facts(), request.asked()), done)


def write_folder(found: OwnReport, folder: Path) -> list[Path]:
    """tca.json, and fills.csv with the quotes at each fill and the mids after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TCA).write_bytes(encode(found.data).encode())
        with (folder / FILLS).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(_rows(found.orders))
    except OSError as error:
        raise SorError(f"--out {folder}: writing failed ({error.strerror or error})") from None
    return [folder / TCA, folder / FILLS]


def _rows(orders: tuple[OwnOrder, ...]) -> Iterator[list[object]]:
    after = [f"mid_{horizon / 10**9:g}s" for horizon in HORIZONS]
    yield ["order", "time", "publisher_id", "mic", "kind", "price", "size", "mid", "spread", *after]
    for order in orders:
        sign, quotes = order.outcome.order.side.sign, order.quotes
        for at, fill in enumerate(order.result.fills):
            mids = [_half(mids2[at], sign) for mids2 in (quotes.mid2, *quotes.later)]
            spread = quotes.spread[at]
            yield [
                order.name, format_time(fill.ts), fill.venue, venue_name(fill.venue)["mic"] or "", kind_of(fill),
                dollars(fill.px * sign), fill.qty, mids[0], "" if spread is None else dollars(spread), *mids[1:],
            ]  # fmt: skip


def _half(mid2: int | None, sign: int) -> object:
    return "" if mid2 is None else dollars(Fraction(mid2 * sign, 2))
