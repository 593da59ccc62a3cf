"""The routers of the literature on one or two views, worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.order import Latency, Side
from sor.core.router.literature.censored import Censored
from sor.core.router.literature.cont_kukanov_online import ContKukanovOnline
from sor.core.router.literature.delay import Delay
from sor.core.router.literature.imbalance import Imbalance
from sor.core.router.literature.proportional_update import ProportionalUpdate
from sor.core.router.literature.touch import touch
from sor.core.units import FAR, NANO
from sor.strategies import Flow, Outcome, Setting, VenueView, View

CENT = NANO // 100
FREE = FeeSchedule()


def view(*venues: int, at: int = 0, last: tuple[Outcome, ...] = (), flow: tuple[Flow, ...] = ()) -> View:
    """The venues show 50 shares at 100.00 and 100.02."""
    shown = tuple(VenueView(venue, 100 * NANO + 2 * CENT, 10**6, 100 * NANO, 50) for venue in venues)
    return View(at, 0, 0, 10**6, 200 * NANO + 2 * CENT, shown, last, flow)


def setting(slices: int = 4, fees: FeeSchedule = FREE) -> Setting:
    return Setting(Side.BUY, 10**6, 0, slices * NANO, NANO, Latency(), fees)


@pytest.mark.parametrize("side", list(Side))
def test_fees_below_a_dollar_are_parts_of_the_price(side: Side) -> None:
    """0.30 % taken at 0.50, 0.10 % paid for what rests at 0.49; a seller takes at 0.49 and rests at 0.50."""
    fees = FeeSchedule({1: VenueFee(3_000_000, 2_000_000, 3_000, 1_000)})
    low, high = 49 * CENT, 50 * CENT
    take, rest = (high, low) if side is Side.BUY else (-low, -high)
    at = touch(View(0, 0, 0, 100, take + rest, (VenueView(1, take, 100, rest, 50),)), fees)
    assert at is not None
    assert at.f == abs(take) * 3 // 1_000
    assert at.gains == (Fraction(CENT, 2) + abs(rest) // 1_000,)


def test_f_is_that_of_the_venue_at_which_the_first_share_would_be_taken() -> None:
    """Nothing is left at venue 1; at 100.02 venue 3 has more than venue 2; venue 4 rests alone."""
    fees = FeeSchedule({venue: VenueFee(venue * 1_000) for venue in (1, 2, 3, 4)})
    places = ((1, 1, 0), (2, 2, 10), (3, 2, 20))
    shown = [VenueView(venue, 100 * NANO + cents * CENT, size, 99 * NANO, 50) for venue, cents, size in places]
    at = touch(View(0, 0, 0, 100, 0, (*shown, VenueView(4, FAR, 0, 100 * NANO, 50))), fees)
    assert at is not None
    assert at.f == 3_000
    assert at.h == Fraction(CENT, 2)
    assert at.queues == (0, 0, 0, 50)


@pytest.mark.parametrize(("lookup", "slices"), [(False, 4), (True, 4 * 81)])
def test_a_step_has_the_papers_length(lookup: bool, slices: int) -> None:
    """Prices in h, lambda_under = lambda_over = 2, theta = 1/2: without fees h + f + theta + both lambdas is 5.5 for M
    and for the one venue, so gamma = 1 / sqrt(4 (5.5^2 + 5.5^2)). 500 are taken, and 100 of 500 are filled."""
    router = ContKukanovOnline(lambda_under=2, lambda_over=2, theta=0.5, lookup=lookup)  # 81 states share the slices
    router.begin(setting(slices))
    assert router.allocate(view(1), 1_000).limits == ((1, 500),)
    answer = router.allocate(view(1, last=(Outcome(1, 500, 100),)), 10**9)
    gamma = 1 / (4 * 2 * 5.5**2) ** 0.5
    market, rest = 0.5 - gamma * (1 + 0.5 - 2.5), 0.5 - gamma * 0.5
    assert answer.market == pytest.approx(10**9 * (0.5 + market) / 2, abs=1)
    assert dict(answer.limits)[1] == pytest.approx(10**9 * (0.5 + rest) / 2, abs=1)


def test_equal_parts_are_equal_shares() -> None:
    """A third of 600 is 200, though no float is a third; of 200 it is 67, 67 and 66."""
    for size, parts in ((600, (200, 200, 200)), (200, (67, 67, 66))):
        router = ProportionalUpdate()
        router.begin(setting())
        assert tuple(qty for _, qty in router.allocate(view(1, 2, 3), size).limits) == parts


def test_a_step_is_of_the_parts_that_were_sent() -> None:
    """Venues 1 and 2 alone share a slice by halves, whatever venue 3 had before: 1/2 + 1/5 goes to who filled all.
    gamma_n is 2/5 in the second slice, and nobody filled anything in the first."""
    router = ProportionalUpdate(gamma=0.8, power=1)
    router.begin(setting())
    router.allocate(view(1, 2, 3), 999)
    nobody = tuple(Outcome(venue, 333, 0) for venue in (1, 2, 3))
    assert router.allocate(view(1, 2, last=nobody), 1_000).limits == ((1, 500), (2, 500))
    answer = router.allocate(view(1, 2, last=(Outcome(1, 500, 500), Outcome(2, 500, 0))), 1_000)
    assert answer.limits == ((1, 700), (2, 300))
    assert router.allocate(view(1, 2, 3), 1_500).limits == ((1, 700), (2, 300), (3, 500))  # who was away kept a third


def test_parameters_are_the_decimals_that_were_typed() -> None:
    """delay: 60 a second are sold, a cent over -(h + f) is worth 2 h / c = 20 seconds: so 1,200 less the queue."""
    router = Delay(c=0.001)
    router.begin(setting())
    router.allocate(view(1), 10**6)
    answer = router.allocate(view(1, at=NANO, flow=(Flow(1, 60, 0),)), 10**6)
    assert answer.limits == ((1, 60 * 20 - 50),)


def test_a_share_of_which_both_ways_are_equal_rests() -> None:
    """censored: lambda_under is 1.1 h, so taking saves h / 10; resting has 2.1 h at stake, and one order in 21 met a
    share."""
    router = Censored(lambda_under=1.1)
    router.begin(setting())
    router.outcomes[1] = [Outcome(1, 5, 5), *[Outcome(1, 5, 0)] * 20]
    assert router.allocate(view(1), 1).limits == ((1, 1),)


def test_a_slice_that_began_with_the_window_counts() -> None:
    """delay: 60 were sold in the first of two seconds, which are the window."""
    router = Delay(c=0.001, window=2)
    router.begin(setting())
    router.allocate(view(1), 10**6)
    router.allocate(view(1, at=NANO, flow=(Flow(1, 60, 0),)), 10**6)
    assert router.allocate(view(1, at=2 * NANO), 10**6).limits == ((1, 30 * 20 - 50),)


def test_of_venues_that_fill_alike_the_dearer_rebate_is_used() -> None:
    """imbalance: in the one slice that is over both would have filled all."""
    router = Imbalance(enough=1)
    router.begin(setting(fees=FeeSchedule({2: VenueFee(0, 1_000)})))
    router.allocate(view(1, 2), 100)
    sold = (Flow(1, 500, 0), Flow(2, 500, 0))
    assert router.allocate(view(1, 2, at=NANO, flow=sold), 100).limits == ((2, 100),)
