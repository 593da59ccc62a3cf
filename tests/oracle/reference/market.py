"""A tape as plain values: what each venue shows and what trades, snapshot after snapshot.

Prices are integers (any unit, negative ones too: a mirrored tape has them), sizes whole shares, times integer ns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Level(NamedTuple):
    """A price and the shares displayed there; a side without a quote is None instead."""

    px: int
    sz: int


@dataclass(frozen=True, slots=True)
class Quote:
    """The last state that one venue sent at one instant."""

    venue: int
    bid: Level | None
    ask: Level | None


@dataclass(frozen=True, slots=True)
class Trade:
    """`side` is the aggressor: "A" a seller, "B" a buyer, "N" unknown, "H" unknown and with a hidden order."""

    venue: int
    px: int
    sz: int
    side: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """At one instant: the quotes of the venues that sent a row, and the trades in their order."""

    ts: int
    quotes: tuple[Quote, ...] = ()
    trades: tuple[Trade, ...] = ()


Tape = Sequence[Snapshot]


def mirrored(tape: Tape) -> list[Snapshot]:
    """The same tape seen by a seller: prices change sign, bids are asks, and who sold has bought."""
    return [
        Snapshot(
            s.ts,
            tuple(Quote(q.venue, _negated(q.ask), _negated(q.bid)) for q in s.quotes),
            tuple(Trade(t.venue, -t.px, t.sz, {"A": "B", "B": "A"}.get(t.side, t.side)) for t in s.trades),
        )
        for s in tape
    ]


def _negated(level: Level | None) -> Level | None:
    return None if level is None else Level(-level.px, level.sz)
