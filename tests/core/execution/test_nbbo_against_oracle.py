"""Orders that rest on tapes in NBBO form, whole slices of them, against the slow reference (tests/oracle)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
import reference
from reference.adapter import national_to_sor
from reference.market import Level
from reference.market import Trade as Sale
from reference.nbbo import Best, Instant, samples_nbbo, work_nbbo
from reference.nbbo_tapes import VENUES, NbboCase, random_nbbo_case
from reference.slices import Allocate
from reference.slices import View as Seen
from reference.tapes import BASE, CENT, MS, T0, random_router
from strategies_for_tapes import SECOND, cut
from test_against_oracle import rules_of
from thorough import THOROUGH

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.feed import Feed, Form
from sor.core.fees import NO_FEES
from sor.core.market.nbbo_book import NbboBookBuilder
from sor.core.market.oriented import FAR, orient
from sor.core.order import Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import AllLimit, CrossVenue, all_market, equal_split
from sor.core.router.outflow_history import OutflowHistory
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import StrategyProtocol, View
from sor.core.strategies.simple import BestAsk, Static, Twap


@dataclass
class Asked:
    """A router of the reference behind the engine's interface: it is shown the same, and answers the same."""

    schedule: Schedule
    router: Allocate

    def __call__(self, view: View, size: int) -> Allocation:
        places = [v for v in view.venues if v.rest_px > -FAR]
        if not places:
            return Allocation(size)
        (place,) = places
        seen = Seen(view.ts, self.schedule.index(view.ts), size, place.rest_px, None, {place.venue: place.rest_sz})
        market, limits = self.router(seen)
        return Allocation(market, place.rest_px, tuple(limits.items()))


def strategy_of(case: NbboCase, order: ParentOrder, rules: Rules) -> StrategyProtocol:
    schedule = Schedule.for_order(order, case.rules.router_interval)
    if case.name is None:
        return CrossVenue("router", schedule, Asked(schedule, random_router(case.seed)))
    if case.name == "X_E":
        return CrossVenue("X_E", schedule, equal_split)
    if case.name.startswith("X_L_"):
        return CrossVenue(case.name, schedule, AllLimit(int(case.name.removeprefix("X_L_"))))
    simple: dict[str, StrategyProtocol] = {
        "best_ask": BestAsk(),
        "twap": Twap(Schedule.for_order(order, case.rules.interval)),
        "static": Static(rules.fees),
    }
    return simple.get(case.name) or CrossVenue("X_M", schedule, all_market)


def worked(case: NbboCase) -> StrategyResult:
    order = ParentOrder(Side(case.order.side), case.order.quantity, case.order.start, case.order.end, case.order.limit)
    rules = rules_of(case.rules, Feed(Form.NBBO, case.late))
    strategy = strategy_of(case, order, rules)
    model = QueueModel(case.model)
    session = Session.for_order(order, rules, [(strategy, model)], queues=True)
    rng = Random(case.seed)
    cuts = [rng.randrange(len(case.tape)) for _ in range(rng.randint(0, 4))]
    for batch in cut(national_to_sor(case.tape), cuts):
        if len(batch):
            session.on_batch(batch)
    return session.result().results[strategy.name]


def compare(case: NbboCase) -> None:
    right = work_nbbo(case.tape, case.order, case.rules, case.strategy, case.model, case.late)
    result = worked(case)

    def kind(maker: bool, forced: bool) -> str:
        return "maker" if maker else "forced" if forced else "taker"

    fills = [(f.ts, f.venue, f.px, f.qty, kind(f.is_maker, f.forced)) for f in result.fills]
    assert sorted(fills) == sorted((f.ts, f.venue, f.px, f.qty, f.kind) for f in right.desk.fills)
    orders = sorted((o.decided, o.venue, o.qty, o.filled, o.reason.value) for o in result.orders if o.kind != "forced")
    children = [*right.desk.takes, *right.desk.rests]
    assert orders == sorted((c.sent, c.venue, c.qty, c.filled, c.reason) for c in children)
    assert (result.filled, result.forced) == (right.filled, right.forced)
    if not case.rules.replenish:  # whether shares are fresh again once nobody is shown, the rules leave open
        assert result.forced_beyond_displayed == right.forced_beyond_displayed


@pytest.mark.parametrize("seed", [191, 1858, 2545, 3243])
def test_cases_that_differed(seed: int) -> None:
    """Behind a better price of the venue itself; a fall that earlier prints explain; a last take after the last row."""
    compare(random_nbbo_case(seed))


@pytest.mark.parametrize("part", range(4))
def test_adversarial_nbbo_tapes(part: int) -> None:
    for seed in range(part * 10**6, part * 10**6 + 70 * THOROUGH):
        try:
            compare(random_nbbo_case(seed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {random_nbbo_case(seed)}") from error


def test_what_past_windows_would_have_filled() -> None:
    filled = 0
    for seed in range(40 * THOROUGH):
        case, rng = random_nbbo_case(seed), Random(seed)
        side, length = rng.choice(list(Side)), rng.choice((SECOND // 2, SECOND, 3 * SECOND))
        wait, cancels = rng.choice((0, 0, 10 * MS, 300 * MS)), rng.choice((0, 10 * MS))
        model = QueueModel(case.model)
        history = OutflowHistory(length, model, Latency(wait), Latency(cancels))
        builder = NbboBookBuilder(queues=True, prints_late=case.late)
        for batch in cut(national_to_sor(case.tape), [rng.randrange(len(case.tape)) for _ in range(3)]):
            if len(batch):
                history.on_book(builder.extend(orient(batch, side)))
        rules = reference.Rules(latency=reference.Delay(wait), cancel_latency=reference.Delay(cancels))
        for venue in VENUES:
            right = samples_nbbo(case.tape, side.value, venue, length, rules, case.model, case.late)
            assert history.before(case.tape[-1].ts, (venue,)).sold[:, 0].tolist() == right, f"seed {seed}: {case}"
            filled += sum(map(bool, right))
    assert filled > 100


# --- by hand: shares ahead where prints come late, one order at venue 7 that joins behind 300 at T0 ------------------

BID, ASK = BASE, BASE + CENT
ALL_MODELS = (QueueModel.CONSERVATIVE, QueueModel.PROPORTIONAL, QueueModel.OPTIMISTIC)


def at(ms: int, shown: int | None = None, sold: int = 0, venue: int = 7, px: int = BID) -> Instant:
    trades = (Sale(7, BID, sold, "A"),) if sold else ()
    return Instant(T0 + ms * MS, None if shown is None else Best(venue, Level(px, shown)), None, trades)


OPEN = Instant(T0, Best(7, Level(BID, 300)), Best(2, Level(ASK, 100)))


@pytest.mark.parametrize(
    ("tape", "made"),
    [
        # 200 are displayed from 100 ms on, and all of them may stand before us: what left is told once.
        ([OPEN, at(100, 200), at(1_200, 250), at(1_300, sold=250)], (50, 50, 50)),
        # 100 left before we joined.
        ([Instant(T0 - 1, Best(7, Level(BID, 400)), None), OPEN, at(1_200, 350), at(1_300, sold=350)], (50, 50, 50)),
        # 200 come behind us, 200 go: a second later no trade has explained them, row of the venue or not.
        ([OPEN, at(100, 500), at(200, 300), at(1_300, sold=250)], (0, 70, 150)),
        ([OPEN, at(100, 500), at(200, 300), at(1_250, sold=1), at(1_300, 300), at(1_400, sold=249)], (0, 70, 150)),
        # A trade of 200 explains them: 100 are left before us.
        ([OPEN, at(100, 500), at(200, 300), at(900, sold=200), at(1_300, sold=150)], (50, 50, 50)),
        # The fall at 200 ms takes 60 of 260, of whom at most 200 stand before us then: nobody left twice.
        ([OPEN, at(100, 260), at(200, 200), at(1_300, sold=250)], (50, 50, 50)),
    ],
)
def test_shares_ahead_where_prints_come_late(tape: list[Instant], made: tuple[int, ...]) -> None:
    for model, shares in zip(ALL_MODELS, made, strict=True):
        assert resting_at_7(tape, Latency(), model, SECOND) == shares, model


@pytest.mark.parametrize(
    ("tape", "late", "made"),
    [
        # The venue shows a better price when the order arrives behind the 300 that it showed: 350 are sold there.
        ([OPEN, at(1, 50, px=BID + 1), at(20, sold=350)], SECOND, 50),
        # The national bid was below our price meanwhile: nobody is left there.
        ([OPEN, at(1, 50, px=BID - 1, venue=2), at(2, 50, px=BID + 1), at(20, sold=350)], 0, 350),
        # They may have been sold before it fell, and printed with these 350.
        ([OPEN, at(1, 50, px=BID - 1, venue=2), at(2, 50, px=BID + 1), at(20, sold=350)], SECOND, 50),
        # Of which 100 were printed before.
        ([OPEN, at(1, sold=100), at(2, 50, px=BID - 1, venue=2), at(3, 50, venue=2), at(20, sold=350)], SECOND, 150),
        # Another venue has the better price: the run goes on, and so do its 300.
        ([OPEN, at(1, 50, px=BID + 1, venue=2), at(20, sold=350)], SECOND, 50),
        # The run is over and its venue hidden.
        ([OPEN, at(1, 50, px=BID + 1), at(2, 50, px=BID + 1, venue=2), at(20, sold=350)], SECOND, 350),
    ],
)
@pytest.mark.parametrize("cuts", [(), (1, 2, 3)])
def test_who_stands_before_an_order_that_arrives_late(
    tape: list[Instant], late: int, made: int, cuts: tuple[int, ...]
) -> None:
    for model in ALL_MODELS:
        assert resting_at_7(tape, Latency(10 * MS), model, late, cuts) == made, model


def test_a_sale_of_what_fell_in_an_earlier_run_explains_nothing_of_this_one() -> None:
    """An order joins behind the 200 of a new run. The 60 sold are of what fell before it, so the 60 that fall later
    leave unsold; and of 260 sold, 160 are of what fell before it (100 in its run, 60 as that ended)."""
    before = [Instant(T0, Best(7, Level(BID, 160)), Best(2, Level(ASK, 100))), at(100, 60), at(200, 9, 0, 2, BID - 1)]
    after = [at(300, 200), at(350, 400), at(400, sold=60), at(500, 340), at(1_600, sold=200)]
    more = [at(300, 200), at(350, 400), at(400, sold=260), at(500, 300), at(1_600, sold=200)]
    for cuts in [(), *((n,) for n in range(1, 8)), tuple(range(1, 8))]:
        for model, made in zip(ALL_MODELS, (0, 30, 60), strict=True):
            assert resting_at_7([*before, *after], Latency(300 * MS), model, SECOND, cuts) == made, (model, cuts)
            assert resting_at_7([*before, *more], Latency(300 * MS), model, SECOND, cuts) == 100, (model, cuts)


def resting_at_7(
    tape: list[Instant], latency: Latency, model: QueueModel, late: int, cuts: tuple[int, ...] = ()
) -> int:
    """Shares that an order of X_L_7 in one long slice, decided at T0, is filled."""
    order = ParentOrder(Side.BUY, 1_000, T0, T0 + 100 * SECOND)
    strategy = CrossVenue("X_L_7", Schedule.for_order(order, 100 * SECOND), AllLimit(7))
    rules = Rules(NO_FEES, latency=latency, feed=Feed(Form.NBBO, late))
    session = Session.for_order(order, rules, [(strategy, model)], queues=True)
    for batch in cut(national_to_sor(tape), cuts):
        session.on_batch(batch)
    return sum(fill.qty for fill in session.result().results["X_L_7"].fills if fill.is_maker)
