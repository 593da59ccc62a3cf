"""cont_kukanov with the same penalties in every slice, or a bound on the shares that may be missing in place of one.

Where the tuned router cannot go it goes: inside a schedule, and with a grid of bounds. Its samples are the tuned
router's, and with one candidate in that one's grid it gives the same orders.
"""

from __future__ import annotations

from fractions import Fraction

from sor.core.router.allocators import Solver, admissible, allocation_of, scaled
from sor.core.router.shortfall_bound import within_shortfall
from sor.core.router.slice_problems import SliceProblems
from sor.core.spec import Level, Parameters
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import Setting
from sor.core.units import decimal
from sor.errors import InputError, StrategyError


class ContKukanovFixed:
    """lambda_over, lambda_under, theta: dollars a share, or multiples such as 1.5x; max_shortfall: shares that a slice
    may leave missing on average, lambda_under is then not used; adverse_selection: rebates less the fall after fills.
    """

    needs_outflows = True

    def __init__(
        self,
        lambda_over: str = "1.5x",
        lambda_under: str = "1.5x",
        theta: str = "0.1x",
        max_shortfall: float | None = None,
        adverse_selection: bool = False,
    ) -> None:
        self.parameters = Parameters(
            _level("lambda_over", lambda_over), _level("lambda_under", lambda_under), _level("theta", theta)
        )
        self.most = None if max_shortfall is None else _shares(max_shortfall)
        self.adverse_selection = adverse_selection

    def begin(self, setting: Setting) -> None:
        self.solver = Solver(
            self.parameters, SliceProblems(setting.outflows, setting.fees, adverse_selection=self.adverse_selection)
        )

    def allocate(self, view: View, size: int) -> Allocation:
        return self.solver(view, size) if self.most is None else self._within(view, size, self.most)

    def _within(self, view: View, size: int, most: Fraction) -> Allocation:
        problem, chosen = self.solver.problems.at(view, size), self.parameters
        if isinstance(problem, str):
            return Allocation(size, reason=problem)
        theta = max(scaled(chosen.theta_queue, problem.h), Fraction(0))
        over, _ = admissible(chosen.lambda_over, problem.h + max(problem.make))
        return allocation_of(problem, within_shortfall(problem, theta, over, most))


def _level(name: str, text: str) -> Level:
    try:
        return Level.parse(name, text)
    except InputError as error:
        raise StrategyError(f"cont_kukanov_fixed: {error}: write dollars, or a multiple such as 1.5x") from None


def _shares(given: object) -> Fraction:
    try:
        value = Fraction(decimal("max_shortfall", given))
    except InputError:
        value = Fraction(-1)
    if value < 0:
        raise StrategyError(f"cont_kukanov_fixed: max_shortfall={given} must be shares, 0 or more")
    return value
