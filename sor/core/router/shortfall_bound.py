"""A bound on the shares that a slice may leave missing, in place of their price lambda_under.

The allocation at any lambda_under is the cheapest of all that leave no more missing than it does (H. Everett,
"Generalized Lagrange multiplier method", Oper. Res. 1963), and the higher lambda_under, the fewer are missing. So the
least lambda_under that keeps the bound is found by bisection (Cont, Kukanov, Appendix A). `sor place --max-shortfall`
does the same in floating point; here shares and money are whole.
"""

from __future__ import annotations

from fractions import Fraction

from sor.core.router.allocators import LEAST, Penalties, promising
from sor.core.router.slice_problems import SliceProblem

DOUBLINGS = 30
FINE = 64  # lambda_under is found to this part of h + f


def within_shortfall(problem: SliceProblem, theta: Fraction, over: Fraction, most: Fraction) -> tuple[int, ...]:
    """(M, L_1..L_K) with at most `most` shares missing on average over the samples; theta and over in nanodollars."""
    sample = problem.sample

    def at(under: Fraction) -> tuple[int, ...]:
        cost = Penalties(theta, under, over, raised=False)
        return sample.search(theta, under, over, promising(sample, cost))

    def keeps(x: tuple[int, ...]) -> bool:
        return int(sample.shares([x])[0, 0]) <= most * sample.n

    low = max(problem.h + problem.f + LEAST, Fraction(0))  # A3
    found = at(low)
    if keeps(found):
        return found
    step = max(abs(problem.h + problem.f), LEAST)
    for power in range(DOUBLINGS):
        high = low + step * 2**power
        found = at(high)
        if keeps(found):
            break
    else:
        return (problem.size, *(0 for _ in problem.venues))
    while high - low > step / FINE:
        middle = (low + high) / 2
        x = at(middle)
        low, high, found = (low, middle, x) if keeps(x) else (middle, high, found)
    return found
