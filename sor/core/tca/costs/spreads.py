"""Quoted, effective and realized spreads and the price impact, in whole nanodollars (Huang and Stoll 1996; Rule 605).

A share's effective spread is 2 (p - m), its realized spread 2 (p - m after d), its impact 2 (m after d - m): prices are
oriented and mids doubled, so all three are integers and effective = realized + impact, share by share and in sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sor.core.order import Fill
from sor.core.tca.market.fill_quotes import HORIZONS, FillQuotes

MAKER, TAKER, FORCED = KINDS = ("maker", "taker", "forced")


@dataclass(frozen=True, slots=True)
class AfterSpreads:
    """Sums over the fills whose mid `horizon` ns later is on the tape: shares, and nanodollars."""

    horizon: int
    shares: int
    effective: int
    realized: int
    impact: int


@dataclass(frozen=True, slots=True)
class Spreads:
    """Sums over fills of one kind, at one venue or (None) at all. quoted, effective_quoted: over the shares for which
    both sides were quoted, `quoted_shares`; effective: over those with a prevailing mid, `effective_shares`."""

    kind: str
    venue: int | None
    fills: int
    shares: int
    value: int
    effective_shares: int
    effective: int
    quoted_shares: int
    quoted: int
    effective_quoted: int
    after: tuple[AfterSpreads, ...]


def kind_of(fill: Fill) -> str:
    return MAKER if fill.is_maker else FORCED if fill.forced else TAKER


def spreads(fills: Sequence[Fill], quotes: FillQuotes) -> tuple[Spreads, ...]:
    """By kind, all venues first, then venue by venue; kinds and venues without fills are left out."""
    groups: dict[tuple[str, int | None], list[int]] = {}
    for at, fill in enumerate(fills):
        groups.setdefault((kind_of(fill), None), []).append(at)
        groups.setdefault((kind_of(fill), fill.venue), []).append(at)
    order = sorted(groups, key=lambda key: (KINDS.index(key[0]), key[1] is not None, key[1] or 0))
    return tuple(_sums(kind, venue, groups[kind, venue], fills, quotes) for kind, venue in order)


def _sums(kind: str, venue: int | None, members: Sequence[int], fills: Sequence[Fill], quotes: FillQuotes) -> Spreads:
    mid2, spread = quotes.mid2, quotes.spread
    priced = [(fills[i], mid) for i in members if (mid := mid2[i]) is not None]
    quoted = [(fills[i].qty, width, 2 * fills[i].px - mid)
              for i in members if (width := spread[i]) is not None and (mid := mid2[i]) is not None]  # fmt: skip
    return Spreads(
        kind,
        venue,
        len(members),
        sum(fills[i].qty for i in members),
        sum(fills[i].qty * fills[i].px for i in members),
        sum(fill.qty for fill, _ in priced),
        sum(fill.qty * (2 * fill.px - mid) for fill, mid in priced),
        sum(qty for qty, _, _ in quoted),
        sum(qty * width for qty, width, _ in quoted),
        sum(qty * effective for qty, _, effective in quoted),
        tuple(
            _after(horizon, members, fills, mid2, later) for horizon, later in zip(HORIZONS, quotes.later, strict=True)
        ),
    )


def _after(
    horizon: int,
    members: Iterable[int],
    fills: Sequence[Fill],
    mid2: Sequence[int | None],
    later: Sequence[int | None],
) -> AfterSpreads:
    shares = effective = realized = impact = 0
    for i in members:
        before, after = mid2[i], later[i]
        if before is None or after is None:
            continue
        qty, px2 = fills[i].qty, 2 * fills[i].px
        shares += qty
        effective += qty * (px2 - before)
        realized += qty * (px2 - after)
        impact += qty * (after - before)
    return AfterSpreads(horizon, shares, effective, realized, impact)
