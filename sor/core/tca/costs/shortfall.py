"""Implementation shortfall split as Perold (1988) and as Wagner and Edwards (1993) do: two ways to the same sum."""

from __future__ import annotations

from dataclasses import dataclass

from sor.core.execution.accounting import StrategyResult


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Costs in half nanodollars, so that mids stay whole; positive hurts. decision2, arrival2: twice the oriented mids.

    Perold: execution (what was done, against the mid at the decision) + opportunity (what was left, from the decision
    to its completion price) + fees. Wagner: delay (the whole order, from the decision to the start) + trading (what was
    done, against the arrival) + missed (what was left, from the arrival) + fees.
    """

    decision2: int
    arrival2: int
    paper: int
    execution: int
    opportunity: int
    fees: int
    delay: int
    trading: int
    missed: int

    @property
    def total(self) -> int:
        """By Perold; Wagner's delay + trading + missed + fees is the same."""
        return self.execution + self.opportunity + self.fees


def shortfall(result: StrategyResult, decision2: int | None, arrival2: int | None) -> Shortfall | None:
    """None where a mid or the price of what was left is not known; of a stopped run the shares that were worked."""
    left = 0 if result.stopped else result.leaves
    if decision2 is None or arrival2 is None or (left and result.left_px is None):
        return None
    done, left2 = result.shares, 2 * (result.left_px or 0)
    paid2 = 2 * sum(fill.px * fill.qty for fill in result.fills)
    return Shortfall(
        decision2=decision2,
        arrival2=arrival2,
        paper=(done + left) * abs(decision2),
        execution=paid2 - done * decision2,
        opportunity=left * (left2 - decision2),
        fees=2 * (result.fees - result.rebates),
        delay=(done + left) * (arrival2 - decision2),
        trading=paid2 - done * arrival2,
        missed=left * (left2 - arrival2),
    )
