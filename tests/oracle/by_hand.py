"""Tapes of a few rows: prices and times are small whole numbers, a slice is 100 long, so its cancels are sent at 90."""

from __future__ import annotations

from collections.abc import Mapping

from reference import Rules, Worked
from reference.market import Level, Quote, Snapshot, Trade
from reference.slices import Allocate, View

Row = tuple[int, int, int, int, int]  # venue, bid, size, ask, size; a size of 0 is no quote


def at(ts: int, *rows: Row, trades: tuple[tuple[int, int, int, str], ...] = ()) -> Snapshot:
    quotes = [Quote(v, Level(b, bs) if bs else None, Level(a, az) if az else None) for v, b, bs, a, az in rows]
    return Snapshot(ts, tuple(quotes), tuple(Trade(*t) for t in trades))


def slices_of(length: int = 100, **rules: object) -> Rules:
    return Rules(router_interval=length, interval=length, **rules)  # type: ignore[arg-type]


def fixed(*answers: tuple[int, Mapping[int, int]]) -> Allocate:
    """A router that gives these answers slice by slice, the last one again and again."""

    def allocate(view: View) -> tuple[int, Mapping[int, int]]:
        return answers[min(view.index, len(answers) - 1)]

    return allocate


def brief(worked: Worked) -> list[tuple[int, int, int, int, str]]:
    return [(f.ts, f.venue, f.px, f.qty, f.kind) for f in worked.fills]


OPEN = at(0, (1, 10, 20, 12, 100), (2, 10, 20, 12, 100))
