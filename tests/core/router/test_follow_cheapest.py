"""What a candidate has done as of a time: the fills before it, each with its fee or its rebate; and at the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.order import Fill, Side
from sor.core.router.allocators import Decision
from sor.core.router.follow_cheapest import FollowCheapest, Tally
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
