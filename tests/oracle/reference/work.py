"""The entry point: one order, one strategy, one queue model, on one tape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reference.children import Fill, Rest, Take
from reference.execution import Desk, Strategy
from reference.market import Tape, mirrored
from reference.queues import CONSERVATIVE
from reference.rules import Order, Rules
from reference.schedule import Schedule
from reference.simple import BestAsk, Static, Twap
from reference.slices import Allocate, Decision, Sliced, all_limit, all_market, equal_split


@dataclass(frozen=True)
class Worked:
    """What became of the order. Prices are those of the tape."""

    order: Order
    rules: Rules
    fills: list[Fill]  # in the order in which they happened, the forced one last
    filled: int
    forced: int
    leaves: int
    forced_beyond_displayed: int
    last_opposite: tuple[int, int] | None  # price and venue of the last national best that the order could have hit
    takes: list[Take]
    rests: list[Rest]
    decisions: list[Decision]

    @property
    def made(self) -> int:
        return sum(f.qty for f in self.fills if f.kind == "maker")

    @property
    def sign(self) -> int:
        return 1 if self.order.side == "buy" else -1

    @property
    def reasons(self) -> Mapping[int, str]:
        """Why each child order ended, by its number."""
        return {child.number: child.reason or "" for child in [*self.takes, *self.rests]}


def work(
    tape: Tape, order: Order, rules: Rules, strategy: str | Allocate | Strategy, queue_model: str = CONSERVATIVE
) -> Worked:
    """`strategy`: best_ask, twap, static, X_M, X_E, X_L_<venue>, or a router View -> (M, {venue: L}),
    or an object with the methods of execution.Strategy (new for each call).
    """
    if order.side == "sell":
        limit = None if order.limit is None else -order.limit
        return _sold(work(mirrored(tape), replace(order, side="buy", limit=limit), rules, strategy, queue_model), order)
    chosen = strategy_of(strategy, order, rules)
    desk = Desk(order, rules, queue_model, chosen)
    for snapshot in tape:
        if snapshot.ts <= order.end:
            desk.snapshot(snapshot)
    desk.close()
    filled = desk.done
    forced, beyond = force(desk)
    return Worked(
        order=order,
        rules=rules,
        fills=desk.fills,
        filled=filled,
        forced=forced,
        leaves=order.quantity - filled - forced,
        forced_beyond_displayed=beyond,
        last_opposite=desk.last_ask,
        takes=desk.takes,
        rests=desk.rests,
        decisions=chosen.decisions if isinstance(chosen, Sliced) else [],
    )


def strategy_of(name: str | Allocate | Strategy, order: Order, rules: Rules) -> Strategy:
    if not isinstance(name, str) and not callable(name):
        return name
    if callable(name):
        return Sliced(Schedule(order, rules.router_interval), name)
    if name == "best_ask":
        return BestAsk()
    if name == "twap":
        return Twap.of(order, rules.interval)
    if name == "static":
        return Static()
    if name == "X_M":
        return strategy_of(all_market, order, rules)
    if name == "X_E":
        return strategy_of(equal_split, order, rules)
    return strategy_of(all_limit(int(name.removeprefix("X_L_"))), order, rules)


def force(desk: Desk) -> tuple[int, int]:
    """Leaves at the deadline are bought at the last best ask, whatever its size: those, and those beyond it."""
    left = desk.order.quantity - desk.done
    if not left or desk.order.limit is not None or desk.last_ask is None:
        return 0, 0
    px, venue_id = desk.last_ask
    there = desk.book.available(desk.book.venues[venue_id])
    desk.fills.append(Fill(desk.order.end, venue_id, px, left, "forced", None))
    return left, max(0, left - there)


def _sold(bought: Worked, order: Order) -> Worked:
    """A buy on the mirrored tape as the sell that it is."""
    last = bought.last_opposite
    return replace(
        bought,
        order=order,
        fills=[replace(f, px=-f.px) for f in bought.fills],
        last_opposite=None if last is None else (-last[0], last[1]),
        takes=[replace(t, px=-t.px) for t in bought.takes],
        rests=[replace(r, px=-r.px) for r in bought.rests],
    )
