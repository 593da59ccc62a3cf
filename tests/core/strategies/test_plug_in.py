"""What a strategy of one's own may answer: each rule at its edge, and that a fresh one is asked the same again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import sor.core
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import Depth, Plan, Rest, Take, VenueView, View
from sor.core.strategies.plug_in import (
    MOST_ASKED,
    Answered,
    call,
    checked_allocation,
    checked_plan,
    checked_target,
)
from sor.core.units import FAR
from sor.errors import StrategyError

# 60 shares done, 30 on their way, 10 left: an order of 100. Venue 7 offers nothing to take; what rests at 9 would take.
VIEW = View(
    5, 60, 30, 10, 200,
    (VenueView(2, 102, 50, 100, 40), VenueView(7, FAR, 0, 100, 40), VenueView(9, 100, 50, 99, 40)),
)  # fmt: skip


def fails(words: str) -> Any:
    return pytest.raises(StrategyError, match=f"^mine at ts 5: {words}")


def test_a_target_is_0_to_all_of_the_order() -> None:
    assert [checked_target("mine", shares, VIEW, 3) for shares in (0, 100)] == [0, 100]
    with fails("target of slice 3: 101 is more than the order's 100 shares"):
        checked_target("mine", 101, VIEW, 3)
    with fails("target of slice 3 is -1: shares are 0 or more"):
        checked_target("mine", -1, VIEW, 3)
    for wrong in (True, 1.0, "1", None):
        with fails("target of slice 3 must be a whole number"):
            checked_target("mine", wrong, VIEW, 3)


def test_an_allocation_is_within_the_slice() -> None:
    whole = Allocation(20, 100, ((2, 20), (7, 20)))
    assert checked_allocation("mine", whole, VIEW, 20) == whole
    with fails("market 21 is more than the slice's 20 shares"):
        checked_allocation("mine", Allocation(21), VIEW, 20)
    with fails("limits at venue 2: 21 is more than the slice's 20 shares"):
        checked_allocation("mine", Allocation(0, 100, ((2, 21),)), VIEW, 20)
    with fails("limits at venue 2 is -1: shares are 0 or more"):
        checked_allocation("mine", Allocation(0, 100, ((2, -1),)), VIEW, 20)
    with fails("limits name a venue twice"):
        checked_allocation("mine", Allocation(0, 100, ((2, 1), (2, 1))), VIEW, 20)
    with fails("allocate must return an Allocation, not int"):
        checked_allocation("mine", 20, VIEW, 20)


def test_orders_rest_at_the_best_price_where_none_is_named_and_at_no_venue_without_it() -> None:
    named: Any = {7: 2, 2: 1}
    assert checked_allocation("mine", Allocation(3, limits=named), VIEW, 20) == Allocation(3, 100, ((2, 1), (7, 2)))
    assert checked_allocation("mine", Allocation(3, 100, ((9, 0),)), VIEW, 20).limits == ((9, 0),)
    assert checked_allocation("mine", Allocation(3), VIEW, 20) == Allocation(3, 0, ())
    with fails("limits at venue 9: an order cannot rest there now"):
        checked_allocation("mine", Allocation(3, limits=((9, 1),)), VIEW, 20)


def test_a_plan_sweeps_what_is_left_at_most_and_takes_where_something_is_offered() -> None:
    plan = Plan(sweep=10, takes=[Take(2, 99)], rests=[], wake=6, goal=70)
    assert checked_plan("mine", plan, VIEW) == plan
    for asked in (None, Depth(1, 100)):
        assert checked_plan("mine", Plan(wake=asked), VIEW).wake == asked
    with fails("sweep 11 is more than the 10 shares that are left"):
        checked_plan("mine", Plan(sweep=11), VIEW)
    for venue in (7, 8):
        with fails(f"takes at venue {venue}, which shows nothing to take"):
            checked_plan("mine", Plan(takes=[Take(venue, 1)]), VIEW)
    for wake in (5, 4):
        with fails(f"wake {wake} is not after the decision"):
            checked_plan("mine", Plan(wake=wake), VIEW)


def test_an_order_rests_at_a_price_at_a_venue_that_is_there_for_a_while() -> None:
    plan = Plan(takes=[], rests=[Rest(9, FAR - 1, 1, 6), Rest(2, 1 - FAR, 0, 2**62)])
    assert checked_plan("mine", plan, VIEW) == plan
    for px in (FAR, -FAR):
        with fails(f"px {px} of the order at venue 2 is no price"):
            checked_plan("mine", Plan(rests=[Rest(2, px, 1, 6)]), VIEW)
    with fails("the order at venue 2 expires before it can rest"):
        checked_plan("mine", Plan(rests=[Rest(2, 100, 1, 5)]), VIEW)
    with fails("rests at venue 8, which shows no quote"):
        checked_plan("mine", Plan(rests=[Rest(8, 100, 1, 6)]), VIEW)
    with fails("a plan rests at most one order at a venue"):
        checked_plan("mine", Plan(rests=[Rest(2, 100, 1, 6), Rest(2, 99, 1, 6)]), VIEW)


@dataclass
class Counting:
    """Answers how often it was asked: a fresh one answers the same, in the same order."""

    asked: list[Any] = field(default_factory=list)
    until: int = 10**9

    def decide(self, view: View) -> int:
        self.asked.append(view)
        return min(len(self.asked), self.until)


def test_a_fresh_one_is_asked_the_first_thousand_questions_again() -> None:
    other = Counting()
    answered = Answered("mine", lambda: other)
    for question in range(MOST_ASKED + 5):
        answered.note("decide", (VIEW,), question + 1)
    answered.confirm()
    assert len(other.asked) == MOST_ASKED == 1_000


def test_an_answer_that_a_fresh_one_does_not_give_is_said_with_its_time() -> None:
    answered = Answered("mine", lambda: Counting(until=2))
    for question in range(3):
        answered.note("decide", (VIEW,), question + 1)
    with fails("asked the same again it answers otherwise"):
        answered.confirm()


@pytest.mark.parametrize(("file", "said"), [("router/literature/delay.py", True), ("router/allocators.py", False)])
def test_an_error_names_the_line_of_the_strategy_and_not_of_what_asks(file: str, said: bool) -> None:
    """A strategy that comes with sor is somebody's own as well."""
    path = Path(sor.core.__file__).parent / file
    known: dict[str, Any] = {}
    exec(compile("def allocate():\n    raise ValueError('no')", str(path), "exec"), known)
    with pytest.raises(StrategyError) as error:
        call("mine", known["allocate"])
    assert str(error.value) == f"mine raised ValueError{f' at {path}, line 2' if said else ''}: no"
