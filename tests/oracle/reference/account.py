"""What an order paid: cash, the price of a share, savings. Exact integers and fractions."""

from __future__ import annotations

from fractions import Fraction

from reference.market import Tape
from reference.rules import Order
from reference.work import Worked

BPS = 10_000


def shares_paid(worked: Worked) -> list[tuple[int, int]] | None:
    """(shares, cost of each) in the order of filling; a sell's costs are negative.

    Takers pay the take fee, makers get the make rebate, forced shares pay what was paid. Shares left have the last
    best opposite quote plus its take fee as their price. None where there never was such a quote.
    """
    if worked.last_opposite is None:
        return None
    runs = []
    for f in worked.fills:
        fee = worked.rules.fee(f.venue)
        runs.append((f.qty, worked.sign * f.px + (-fee.make if f.kind == "maker" else fee.take)))
    if worked.leaves:
        px, venue = worked.last_opposite
        runs.append((worked.leaves, worked.sign * px + worked.rules.fee(venue).take))
    return runs


def cost(worked: Worked) -> int | None:
    """Cost of all Q shares, the left ones at their price."""
    runs = shares_paid(worked)
    return None if runs is None else sum(qty * each for qty, each in runs)


def cash(worked: Worked) -> int | None:
    """What was really paid (a sell: received) for filled and forced shares, fees and rebates included."""
    runs = shares_paid(worked)
    if runs is None:
        return None
    paid = sum(qty * each for qty, each in runs)
    if worked.leaves:
        paid -= worked.leaves * runs[-1][1]
    return worked.sign * paid


def saving(worked: Worked, baseline: Worked) -> Fraction | None:
    """Basis points that `worked` was cheaper than `baseline`, as a share of the baseline's cost."""
    ours, theirs = cost(worked), cost(baseline)
    if ours is None or theirs is None or theirs == 0:
        return None
    return BPS * Fraction(theirs - ours, abs(theirs))


def displayed_average(tape: Tape, order: Order) -> int | None:
    """The vwap benchmark: cash of Q shares at the average of the opposite quotes that the window's snapshots bring."""
    levels = [
        q.ask if order.side == "buy" else q.bid for s in tape if order.start <= s.ts <= order.end for q in s.quotes
    ]
    shown = [level for level in levels if level is not None]
    if not shown:
        return None
    return round(Fraction(order.quantity * sum(px * sz for px, sz in shown), sum(sz for _, sz in shown)))


def traded_average(tape: Tape, order: Order) -> int | None:
    """The same over the trades of the window."""
    trades = [t for s in tape if order.start <= s.ts <= order.end for t in s.trades]
    if not trades:
        return None
    return round(Fraction(order.quantity * sum(t.px * t.sz for t in trades), sum(t.sz for t in trades)))
