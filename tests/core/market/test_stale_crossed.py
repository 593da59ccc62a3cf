"""Quotes that cross one much newer are left out until their venue quotes again."""

from __future__ import annotations

import pytest

from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, Trade, batch_of, concat
from sor.core.market.stale_crossed import StaleFilter
from sor.core.units import NANO, NO_PRICE

OLD, NEW, OTHER = 2, 8, 43


def quote(venue: int, bid: int, ask: int) -> Quote:
    return Quote(venue, bid, 100, ask, 100)


def gone(venue: int) -> Quote:
    return Quote(venue, NO_PRICE, 0, NO_PRICE, 0)


def filtered(snapshots: list[Snapshot], seconds: int, batch_size: int = 100) -> list[Snapshot]:
    batches = [batch_of(snapshots[at : at + batch_size]) for at in range(0, len(snapshots), batch_size)]
    found: SnapshotBatch = concat(list(StaleFilter(seconds * NANO).batches(batches)))
    return found.snapshots()


STALE = [
    Snapshot(0, (quote(OLD, 1005, 1006),)),
    Snapshot(NANO, (quote(NEW, 999, 1000),), (Trade(NEW, 1000, 5, "B"),)),
    Snapshot(20 * NANO, (quote(NEW, 998, 999),)),
    Snapshot(30 * NANO, (quote(OLD, 997, 999),)),
]


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_out_when_the_difference_is_larger_and_back_when_it_speaks(batch_size: int) -> None:
    found = filtered(STALE, 10, batch_size)
    assert [s.ts for s in found] == [s.ts for s in STALE]
    assert found[1] == STALE[1]  # a second apart: either may be right
    assert found[2].quotes == (gone(OLD), quote(NEW, 998, 999))
    assert found[3] == STALE[3]


def test_not_before_the_difference_is_larger() -> None:
    assert filtered(STALE, 20) == STALE
    assert filtered(STALE, 19)[2].quotes[0] == gone(OLD)


def test_trades_stay() -> None:
    assert filtered(STALE[:2], 0)[1].trades == STALE[1].trades


def test_a_locked_or_a_fair_book_is_left_alone() -> None:
    snapshots = [Snapshot(0, (quote(OLD, 1000, 1002),)), Snapshot(99 * NANO, (quote(NEW, 998, 1000),))]
    assert filtered(snapshots, 1) == snapshots


def test_an_old_ask_below_a_newer_bid_is_stale_too_and_others_stay() -> None:
    snapshots = [
        Snapshot(0, (quote(OLD, 990, 991), quote(OTHER, 985, 1010))),
        Snapshot(50 * NANO, (quote(NEW, 999, 1000),)),
    ]
    assert filtered(snapshots, 10)[1].quotes == (gone(OLD), quote(NEW, 999, 1000))


def test_one_that_the_newer_quote_only_locks_stays_and_what_is_out_is_said_once() -> None:
    snapshots = [
        Snapshot(0, (quote(OLD, 1005, 1006), quote(OTHER, 1000, 1010))),
        Snapshot(50 * NANO, (quote(NEW, 999, 1000),)),
        Snapshot(51 * NANO, (quote(NEW, 999, 1000),)),
    ]
    assert filtered(snapshots, 10)[1].quotes == (gone(OLD), quote(NEW, 999, 1000))
    assert filtered(snapshots, 10)[2] == snapshots[2]
