"""Whether a tape can have given a fill, by hand: a quote of 100 to 102, better for a moment, and one trade."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Fill, Side
from sor.core.tca.market.plausible import PlausibleRecorder

TAPE = [
    Snapshot(10, (Quote(2, 98, 5, 99, 5),)),
    Snapshot(20, (Quote(2, 100, 5, 102, 7),)),
    Snapshot(30, (), (Trade(2, 102, 4, "B"), Trade(2, 103, 90, "B"))),
]


def fill(ts: int, px: int, qty: int, *, is_maker: bool = False, decided: int | None = None) -> Fill:
    return Fill(ts, 2, px, qty, is_maker, False, ts if decided is None else decided, None, ts, None)


def problems(*fills: Fill, pieces: bool = False, tape: Sequence[Snapshot] = TAPE) -> list[str | None]:
    """With a tolerance of 2 ns; pieces: a batch for each snapshot."""
    recorder, builder = PlausibleRecorder(fills, 2), BookBuilder(queues=True)
    for shots in [[shot] for shot in tape] if pieces else [tape]:
        batch = orient(batch_of(shots), Side.BUY)
        recorder.on_batch(batch, builder.extend(batch))
    return [seen.problem(one) for seen, one in zip(recorder.seen, fills, strict=True)]


def test_shares_are_what_was_traded_and_shown_at_that_price_or_better() -> None:
    assert problems(fill(30, 102, 11)) == [None]  # 4 traded, 7 shown
    (said,) = problems(fill(30, 102, 12))
    assert said is not None
    assert said.startswith("12 shares, where its venue traded 4 and displayed 7")
    assert None not in problems(fill(30, 102, 6), fill(30, 102, 6))  # together they are too many
    assert None not in problems(fill(30, 101, 1))  # nothing was shown or traded so low


def test_a_resting_price_may_have_been_within_the_range_since_its_decision() -> None:
    late = problems(fill(30, 99, 1, is_maker=True, decided=15), fill(30, 99, 1, is_maker=True, decided=30))
    assert [said is not None and "national range" in said for said in late] == [False, True]


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize(("ts", "possible"), [(27, False), (28, True), (32, True), (33, False)])
def test_a_trade_counts_for_as_long_as_the_tolerance_on_both_sides(ts: int, possible: bool, pieces: bool) -> None:
    """7 are shown, and the 4 that were traded at 30 are needed."""
    (said,) = problems(fill(ts, 102, 11), pieces=pieces)
    assert (said is None) is possible


@pytest.mark.parametrize("pieces", [False, True])
def test_what_follows_a_fill_in_another_batch_counts_too(pieces: bool) -> None:
    tape = [TAPE[1], Snapshot(21, (), (Trade(2, 102, 1, "B"),)), Snapshot(22, (), (Trade(2, 102, 3, "B"),))]
    assert problems(fill(20, 102, 11), pieces=pieces, tape=tape) == [None]
    assert problems(fill(20, 102, 12), pieces=pieces, tape=tape) != [None]


def test_a_batch_before_a_fill_may_hold_what_a_later_one_rested_through() -> None:
    """The second was decided while 99 to 100 was shown, in a batch that is over before the first is looked at."""
    first, second = fill(30, 102, 1), fill(31, 99, 1, is_maker=True, decided=12)
    assert problems(first, second, pieces=True) == problems(first, second)
    said = problems(first, second, pieces=True)[1]
    assert said is None or "national range" not in said
