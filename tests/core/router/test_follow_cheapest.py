"""What a candidate has done as of a time: the fills before it, each with its fee or its rebate; and at the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.oriented import FAR
from sor.core.order import Fill, Side
from sor.core.router.allocators import Decision
from sor.core.router.follow_cheapest import FollowCheapest, Tally, scaled
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import VenueView, View

FEES = FeeSchedule({2: VenueFee(3, 2)})


def fill(ts: int, qty: int, *, is_maker: bool) -> Fill:
    return Fill(ts, 2, 100, qty, is_maker, False, ts, None, ts, None)


def test_a_fill_counts_after_its_instant_with_its_fee_or_rebate() -> None:
    run: Any = SimpleNamespace(fills=[fill(5, 10, is_maker=False), fill(7, 10, is_maker=True)])
    tally = Tally(run, FEES)
    for ts, cost, done in ((5, 0, 0), (6, 1_030, 10), (7, 1_030, 10), (8, 2_010, 20), (None, 2_010, 20)):
        tally.read_before(ts)
        assert (tally.cost, tally.done) == (cost, done)


def test_in_sample_a_candidate_pays_for_the_shares_that_it_left() -> None:
    """A limit price left 10 of its 20 undone, at 120 each: 980 + 1,200 is more than 20 done at 105."""
    short: Any = SimpleNamespace(fills=[Fill(5, 2, 95, 10, False, False, 5, None, 5, None)], left_px=120, leaves=10)
    whole: Any = SimpleNamespace(fills=[Fill(9, 2, 102, 20, False, False, 9, None, 9, None)], left_px=None, leaves=0)
    candidates: Any = [SimpleNamespace(allocate=SimpleNamespace(parameters=(("n", str(n)),))) for n in range(2)]
    follow = FollowCheapest(Schedule(0, 10, 1, 20, 10), FEES, Side.BUY, candidates, followed=[1, 0, 1])
    follow.follow([short, whole])
    choices = follow.choices()
    assert choices.costs == (980 + 1_200, 2_100)
    assert choices.cheapest == 1
    assert choices.slices == (1, 2)
    assert choices.candidates == ((("n", "0"),), (("n", "1"),))


def test_what_a_candidate_has_not_done_yet_costs_the_best_offer_with_its_fee() -> None:
    """One paid 1,020 for the 10 that are due, the other nothing: 103 a share is more than that, 97 + 3 is less."""

    def candidate(fills: list[Fill], venue: int) -> Any:
        decision = Decision(20, 10, Allocation(0, 100, ((venue, 10),)))
        return SimpleNamespace(fills=fills, strategy=SimpleNamespace(decisions=[decision]))

    bought = Fill(5, 2, 104, 10, True, False, 5, None, 5, None)  # less a rebate of 2
    follow = FollowCheapest(Schedule(0, 20, 2, 20, 40), FEES, Side.BUY, [])
    for px, venue in ((100, 7), (97, 8)):
        follow.follow([candidate([bought], 7), candidate([], 8)])
        view = View(20, 10, 0, 10, 198, (VenueView(2, px, 50, 96, 50), VenueView(9, 120, 50, 96, 50)))
        assert follow(view, 10).limits == ((venue, 10),)
    assert follow.followed == [0, 1]


def test_a_slice_of_another_size_is_split_alike_and_the_market_has_what_whole_shares_do_not_hold() -> None:
    """3 and 4 of 10 shares rest, and 3 are taken. Of 5: 1.5, 2 and 1.5. Of 25: 7.5, 10 and 7.5."""
    decision = Decision(20, 10, Allocation(3, 100, ((2, 3), (7, 4))))
    for size, market, limits in ((10, 3, (3, 4)), (5, 2, (1, 2)), (25, 8, (7, 10)), (1, 1, (0, 0)), (20, 6, (6, 8))):
        assert scaled(decision, size) == Allocation(market, 100, ((2, limits[0]), (7, limits[1])))


def test_no_quantity_of_a_slice_of_another_size_is_more_than_the_slice() -> None:
    """20 + 15 for 10 shares: of 4 shares 8 and 6, but of each quantity there are 4 at most."""
    assert scaled(Decision(20, 10, Allocation(20, 100, ((2, 15),))), 4) == Allocation(4, 100, ((2, 4),))
    assert scaled(Decision(20, 10, Allocation(5, 100, ((2, 9),))), 4) == Allocation(2, 100, ((2, 3),))
    more = Allocation(20, 100, ((2, 15),))
    assert scaled(Decision(20, 10, more), 10) is more  # its own slice it has asked for as it is
    assert scaled(Decision(20, 10, Allocation(10, reason="why")), 4) == Allocation(4, reason="why")


def test_the_decision_at_a_time_is_that_of_the_time_and_none_elsewhere() -> None:
    decisions = [Decision(ts, 10, Allocation(10)) for ts in (10, 20, 40)]
    tally = Tally(cast(Any, SimpleNamespace(fills=[], strategy=SimpleNamespace(decisions=decisions))), FEES)
    found = [tally.decision_at(ts) for ts in (5, 10, 10, 15, 20, 30, 40, 50)]
    assert found == [None, decisions[0], decisions[0], None, decisions[1], None, decisions[2], None]


def test_where_no_candidate_decides_all_is_taken_and_the_first_slice_follows_nobody() -> None:
    def candidate(*times: int) -> Any:
        strategy = SimpleNamespace(decisions=[Decision(ts, 10, Allocation(0, 100, ((2, 10),))) for ts in times])
        return SimpleNamespace(fills=[], strategy=strategy)

    follow = FollowCheapest(Schedule(0, 20, 3, 30, 60), FEES, Side.BUY, [])
    follow.follow([candidate(20), candidate(0, 20)])
    chosen = [follow(View(ts, 0, 0, 10, None, ()), 10) for ts in (0, 20, 40)]
    assert [allocation.market for allocation in chosen] == [0, 0, 10]
    assert chosen[2].reason == "no candidate had shares to do in this slice"
    assert follow.followed == [0]  # of equally cheap ones the first; at the begin there was no choice


def test_where_nobody_offers_what_is_not_done_costs_nothing_yet() -> None:
    def candidate(fills: list[Fill], venue: int) -> Any:
        decision = Decision(20, 10, Allocation(0, 100, ((venue, 10),)))
        return SimpleNamespace(fills=fills, strategy=SimpleNamespace(decisions=[decision]))

    follow = FollowCheapest(Schedule(0, 20, 2, 20, 40), FEES, Side.BUY, [])
    follow.follow([candidate([fill(5, 10, is_maker=True)], 7), candidate([], 8)])
    view = View(20, 10, 0, 10, None, (VenueView(2, FAR, 0, 96, 50),))
    assert follow(view, 10).limits == ((8, 10),)
    assert follow._costs(view) == [980, 0]
