"""Schedules: Almgren-Chriss against the numerical optimum, pov never ahead of the volume, a flat curve is twap."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from math import sinh
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from sor.core.backtest.plugged import own_strategy
from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.market.batch import Snapshot, batch_of
from sor.core.order import Latency, ParentOrder, Side
from sor.core.schedule import Schedule
from sor.core.schedules.almgren_chriss import DAY, ImplementationShortfall, left
from sor.core.schedules.pov import PercentageOfVolume
from sor.core.schedules.volume_curve import VolumeCurve, VwapSchedule
from sor.core.spec import Spec
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.plug_in import Setting
from sor.core.units import NANO
from sor.errors import StrategyError
from sor.plug_ins.check import SECONDS, START, hard_tape
from sor.plug_ins.find import find_plug_in
from sor.strategies import FeeSchedule, View

VIEW = View(0, 0, 0, 0, None, ())
bends = st.floats(2.0, 4.0)


def setting(quantity: int, start: int, end: int, interval: int) -> Setting:
    return Setting(Side.BUY, quantity, start, end, interval, Latency(), FeeSchedule({}))


@settings(max_examples=40)
@given(st.integers(1, 40), bends)
def test_almgren_chriss_is_the_closed_form(slices: int, bend: float) -> None:
    found = left(slices, bend)
    kappa = np.arccosh(bend / 2)
    closed = [sinh(kappa * (slices - j)) / sinh(kappa * slices) if kappa > 1e-3 else None for j in range(slices + 1)]
    for mine, theirs, j in zip(found, closed, range(slices + 1), strict=True):
        assert mine == pytest.approx(1 - j / slices if theirs is None else theirs, abs=1e-3 if theirs is None else 1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 12), st.floats(0.0, 5.0), st.floats(0.1, 3.0), st.floats(0.1, 3.0))
def test_almgren_chriss_is_the_numerical_optimum(slices: int, pull: float, eta: float, tau: float) -> None:
    """pull: risk sigma^2. Quadratic, so the optimum solves a linear system; and a minimiser finds nothing better."""

    def cost(inner: np.ndarray) -> float:
        x = np.concatenate([[1.0], inner, [0.0]])
        return float((eta / tau * np.diff(x) ** 2).sum() + pull * tau * (x[1:] ** 2).sum())

    found = np.array(left(slices, 2 + pull * tau * tau / eta))
    n = slices - 1
    a = np.diag([2 * eta / tau + pull * tau] * n) - eta / tau * (np.eye(n, k=1) + np.eye(n, k=-1))
    assert found[1:-1] == pytest.approx(np.linalg.solve(a, np.eye(n)[0] * eta / tau), abs=1e-9)
    assert cost(found[1:-1]) <= minimize(cost, np.linspace(1, 0, slices + 1)[1:-1]).fun + 1e-9


def test_without_aversion_it_is_twap_and_with_more_it_is_earlier() -> None:
    given_ = setting(1_000, 0, 600 * NANO, 5 * NANO)
    twap = Schedule.for_order(ParentOrder(Side.BUY, 1_000, 0, 600 * NANO), 5 * NANO)
    runs = []
    for risk in (0.0, 0.1, 10.0):
        router = ImplementationShortfall(risk=risk)
        router.begin(given_)
        runs.append([router.target(VIEW, index) for index in range(twap.slices)])
        assert runs[-1] == sorted(runs[-1])
        assert runs[-1][-1] == 1_000
    assert runs[0] == [twap.target(index) for index in range(twap.slices)]
    assert all(a <= b <= c for a, b, c in zip(*runs, strict=True))
    assert runs[2][0] > runs[1][0] > runs[0][0]
    tau = 5 / DAY
    assert runs[2][0] == pytest.approx(1_000 * (1 - left(120, 2 + 10 * 0.95**2 / 2.5e-6 * tau**2)[1]), abs=1)


def test_almgren_chriss_leaves_the_nearest_whole_number_of_shares() -> None:
    """Two slices of a day and a bend of 2.5: 0.4 of the order is left after the first, 1.6 of 4 shares and 2 of 5."""
    for quantity, due in ((4, 2), (5, 3), (6, 4), (10, 6)):
        router = ImplementationShortfall(risk=0.5, sigma=1.0, eta=1.0)
        router.begin(setting(quantity, 0, 2 * DAY * NANO, DAY * NANO))
        assert [router.target(VIEW, index) for index in range(2)] == [due, quantity]


INFINITE = float("inf")


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk": -1.0},
        {"sigma": -1.0},
        {"eta": 0.0},
        {"eta": -1.0},
        {"risk": INFINITE},
        {"sigma": INFINITE},
        {"eta": INFINITE},
    ],
)
def test_numbers_that_make_no_schedule(wrong: dict[str, Any]) -> None:
    with pytest.raises(StrategyError, match="must be 0 or more"):
        ImplementationShortfall(**wrong)


def test_pov_wants_a_part_of_what_was_traded_until_a_slice_began() -> None:
    """0.3 is three tenths, so that of 10 shares 3 are due; what is traded later in the slice waits for the next one."""
    router = PercentageOfVolume(rate=0.3)
    router.begin(setting(100, 0, 20 * NANO, 5 * NANO))
    asked = [(0, 10), (0, 50), (1, 50), (2, 59), (3, 1_000)]
    assert [router.target(replace(VIEW, traded=traded), index) for index, traded in asked] == [3, 3, 15, 17, 100]
    late = PercentageOfVolume()  # a tenth, and first asked in the second slice
    late.begin(setting(100, 0, 20 * NANO, 5 * NANO))
    assert late.target(replace(VIEW, traded=50), 1) == 5
    for rate in (0.0, 1.1):
        with pytest.raises(StrategyError, match="rate must be above 0 and at most 1"):
            PercentageOfVolume(rate=rate)


@settings(max_examples=40)
@given(st.integers(1, 99_999), st.integers(1, 30), st.integers(1, 9), st.integers(0, 5_000))
def test_a_flat_curve_has_twaps_targets(quantity: int, slices: int, minute: int, shares: int) -> None:
    """Whatever the curve's own intervals are, where the slices are of one length."""
    begin, interval = 20 * NANO, 5 * NANO
    order = ParentOrder(Side.BUY, quantity, begin, begin + slices * interval)
    edges = tuple(minute * NANO * k for k in range(400 // minute + 1))
    curve = VolumeCurve(edges, tuple((shares + 1) * k for k in range(len(edges))), lambda ts: 0)
    router = VwapSchedule(curve)
    router.begin(setting(quantity, order.start, order.end, interval))
    twap = Schedule.for_order(order, interval)
    assert [router.target(VIEW, k) for k in range(slices)] == [twap.target(k) for k in range(slices)]


def test_a_curve_says_nothing_of_before_its_first_edge_and_after_its_last() -> None:
    curve = VolumeCurve((10, 20, 40), (5, 100, 400), lambda ts: 0)
    traded = [curve.traded(at) for at in (0, 9, 10, 11, 20, 30, 39, 40, 99)]
    assert traded == [5, 5, 5, Fraction(29, 2), 100, 250, 385, 400, 400]


def test_a_schedules_slices_are_split_by_its_router_or_taken_at_once() -> None:
    split = Allocation(1, 99, ((2, 4),))
    for router, expected in (
        (None, Allocation(5)),
        (SimpleNamespace(router=lambda _: lambda view, size: split), split),
    ):
        schedule = PercentageOfVolume(router=cast(Any, router))
        schedule.begin(setting(100, 0, 20 * NANO, 5 * NANO))
        assert schedule.allocate(VIEW, 5) == expected


def test_a_curve_by_hand_and_curves_that_cannot_serve() -> None:
    """100 shares in the first ten seconds, 300 in the next: of 80 shares a quarter is due by then."""
    curve = VolumeCurve((0, 10 * NANO, 20 * NANO), (0, 100, 400), lambda ts: 0, until=-1)
    router = VwapSchedule(curve)
    router.begin(setting(80, 0, 20 * NANO, 5 * NANO))
    assert [router.target(VIEW, k) for k in range(4)] == [10, 20, 50, 80]
    with pytest.raises(StrategyError, match="no volume in the order's window"):
        router.begin(setting(80, 30 * NANO, 40 * NANO, 5 * NANO))
    with pytest.raises(StrategyError, match="name an earlier day"):
        VwapSchedule(VolumeCurve((0, 1), (0, 1), lambda ts: 0, until=0)).begin(setting(80, 0, 20 * NANO, 5 * NANO))


def worked(name: str, parameters: dict[str, str], side: Side, tape: list[Snapshot], quantity: int) -> StrategyResult:
    order = ParentOrder(side, quantity, START, START + SECONDS * NANO)
    plug_in = find_plug_in(name, parameters)
    assert plug_in is not None
    spec = Spec(side=side, quantity=quantity, strategy=name, plug_in=plug_in, router_interval=NANO)
    session = Session.for_order(order, spec.rules, [own_strategy(spec, plug_in, order)], queues=True)
    for at in range(0, len(tape), 40):
        session.on_batch(batch_of(tape[at : at + 40]))
    return session.result().results[name]


@pytest.mark.parametrize("router", ["X_M", "delay", "proportional_update"])
@pytest.mark.parametrize("rate", ["0.01", "0.1", "1"])
@pytest.mark.parametrize("side", list(Side))
def test_pov_is_never_ahead_of_the_volume(router: str, rate: str, side: Side) -> None:
    """After every fill, of what was traded after the first snapshot until then; but for what is completed at the end.
    Resting at several venues may overfill a slice, so there a slice's shares are the bound."""
    tape = hard_tape(3)
    traded = [0, *accumulate(sum(t.sz for t in s.trades) for s in tape)]
    times = [s.ts for s in tape]
    first = bisect_right(times, START - 1)
    result = worked("pov", {"rate": rate, "router": router}, side, tape, 100_000)
    done = 0
    for fill in (f for f in result.fills if not f.forced):
        done += fill.qty
        volume = traded[bisect_right(times, fill.ts)] - traded[first + 1]
        assert done <= float(rate) * volume
    assert done > 0
    assert sum(fill.qty for fill in result.fills) == 100_000


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("router", ["X_M", "cont_kukanov_online", "censored"])
@pytest.mark.parametrize(("name", "own"), [("is", {"risk": "50"}), ("pov", {"rate": "0.3"})])
def test_quantities_are_conserved(name: str, own: dict[str, str], router: str, side: Side) -> None:
    result = worked(name, own | {"router": router}, side, hard_tape(5), 1_500)
    assert result.filled + result.forced == 1_500 == sum(fill.qty for fill in result.fills)


def test_the_volume_that_is_shown_is_that_of_the_tape() -> None:
    """However the stream is cut into batches."""
    tape = hard_tape(1)
    seen = []
    for cut in (1, 7, 10_000):
        shown: list[tuple[int, int]] = []
        plug_in = find_plug_in("pov", {"rate": "1"})
        assert plug_in is not None
        order = ParentOrder(Side.BUY, 10**6, START, START + SECONDS * NANO)
        own = own_strategy(Spec(plug_in=plug_in, strategy="pov", router_interval=NANO), plug_in, order)
        inner = own.pace  # type: ignore[attr-defined]

        def pace(view: View, index: int, inner=inner, shown=shown) -> int:  # type: ignore[no-untyped-def]
            shown.append((view.ts, view.traded))
            return int(inner(view, index))

        own.pace = pace  # type: ignore[attr-defined]
        session = Session.for_order(order, Spec().rules, [own], queues=True)
        for at in range(0, len(tape), cut):
            session.on_batch(batch_of(tape[at : at + cut]))
        session.result()
        seen.append(shown)
    assert seen[0] == seen[1] == seen[2]
    begins = seen[0][0][0]
    assert all(n == sum(t.sz for s in tape if begins < s.ts <= ts for t in s.trades) for ts, n in seen[0])
    assert seen[0][-1][1] > 0
