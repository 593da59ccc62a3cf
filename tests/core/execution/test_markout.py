"""Markouts: mids read off the books at the right times, however the stream is cut, and signs on both sides."""

from __future__ import annotations

import pytest

from sor.core.execution.markout import HORIZONS, MidRecorder, markouts, wanted
from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Fill, Side

SECOND = 10**9
DOLLAR = 10**9


def fill(ts: int, px: int, *, making: bool = True) -> Fill:
    return Fill(ts, 1, px, 100, making, False, ts, None, ts, 0)


def stream(until: int) -> list[Snapshot]:
    """At second t the bid is 100 + t dollars, the ask two dollars above."""
    return [
        Snapshot(t * SECOND, (Quote(1, (100 + t) * DOLLAR, 10, (102 + t) * DOLLAR, 10),))
        for t in range(0, until + 1, 5)
    ]


def recorded(snapshots: list[Snapshot], side: Side, fills: list[Fill], cut: int) -> MidRecorder:
    mids, builder = MidRecorder.at(wanted(fills)), BookBuilder()
    for start in range(0, len(snapshots), cut):
        mids.on_book(builder.extend(orient(batch_of(snapshots[start : start + cut]), side)))
    return mids


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_rising_market_is_good_for_who_bought(cut: int) -> None:
    fills = [fill(7 * SECOND, 105 * DOLLAR), fill(7 * SECOND, 105 * DOLLAR, making=False)]
    (one,) = markouts(fills, recorded(stream(100), Side.BUY, fills, cut))
    # At 8 s the book of 5 s stands (mid 106), at 17 s that of 15 s (116), at 67 s that of 65 s (166).
    assert one.bps == tuple(pytest.approx((mid - 105) / 105 * 1e4) for mid in (106, 116, 166))


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_and_bad_for_who_sold(cut: int) -> None:
    fills = [fill(7 * SECOND, -107 * DOLLAR)]  # oriented: a sell's prices are negated
    (one,) = markouts(fills, recorded(stream(100), Side.SELL, fills, cut))
    assert one.bps == tuple(pytest.approx((107 - mid) / 107 * 1e4) for mid in (106, 116, 166))


def test_beyond_the_end_nothing_is_known() -> None:
    fills = [fill(35 * SECOND, 135 * DOLLAR)]
    mids = recorded(stream(45), Side.BUY, fills, 3)
    (one,) = markouts(fills, mids)
    assert [bps is None for bps in one.bps] == [False, False, True]  # 45 s is the last snapshot: still known
    assert not mids.done
    assert len(one.bps) == len(HORIZONS)


def test_mids_are_needed_after_passive_fills_alone_and_noted_whatever_their_order() -> None:
    late, early = fill(20 * SECOND, 120 * DOLLAR), fill(7 * SECOND, 105 * DOLLAR)
    fills = [late, fill(9 * SECOND, 105 * DOLLAR, making=False), early]
    assert sorted(wanted(fills)) == [after * SECOND for after in (8, 17, 21, 30, 67, 80)]
    mids = recorded(stream(100), Side.BUY, fills, 2)
    assert mids.done
    assert [one.fill for one in markouts(fills, mids)] == [late, early]
    assert mids.mids2[21 * SECOND] == 2 * 121 * DOLLAR


def test_before_the_first_snapshot_there_was_no_mid() -> None:
    mids = MidRecorder.at([-1, 0])
    mids.on_book(BookBuilder().extend(orient(batch_of(stream(5)), Side.BUY)))
    assert mids.mids2 == {-1: None, 0: 2 * 101 * DOLLAR}
