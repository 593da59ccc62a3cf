"""Table 3: which way the allocation to NASDAQ and BATS turns.

Its order flow is not public. In its place are exponential excesses over the queue with means near what Figure 10 shows
(a chance of any at all, then .011 and .034 of 20,000 shares or more), and three chances for BATS's low, medium and
high volume. They are ours: only signs can be compared.
"""

from __future__ import annotations

import numpy as np

from sor.core.place import PlaceVenue, Problem, place
from sor.core.place.distributions import Empirical
from sor.errors import InputError
from sor.paper.sheet import Sheet, beside

SIZE = 2000.0
PENALTIES = (0.010, 0.009, 0.005)
VOLUMES = {"low": 0.03, "medium": 0.06, "high": 0.25}  # the chance that BATS reaches us
NASDAQ = 0.05
MEAN_BATS, MEAN_NASDAQ = 7_700.0, 14_800.0
OUTCOMES = 4_096


def exchanges(penalty: float, chance: float, seed: int = 0) -> Problem:
    """BATS, then NASDAQ. InputError for the third penalty: it breaks A2 and A3."""
    uniform = np.random.default_rng(seed).random((2, OUTCOMES))

    def venue(row: int, likely: float, mean: float, rebate: float) -> PlaceVenue:
        excess = np.maximum(-mean * np.log(uniform[row] / likely), 0.0)
        return PlaceVenue(0.0, rebate, Empirical(excess))

    venues = (venue(0, chance, MEAN_BATS, 0.0025), venue(1, NASDAQ, MEAN_NASDAQ, 0.002))
    return Problem(SIZE, 0.005, 0.0029, 0.00005, penalty, penalty, venues)


def table_3_sheet(printed: dict[tuple[float, str], tuple[float, ...]]) -> Sheet:
    """Per cent of S; `printed` by penalty in cents and volume."""
    rows = []
    for penalty in PENALTIES:
        for volume, chance in VOLUMES.items():
            try:
                answer = place(exchanges(penalty, chance))
            except InputError:
                cells = ["breaks A2, A3", "-", "-"]
            else:
                cells = [f"{100 * x / SIZE:.0f}" for x in (answer.M, *answer.L)]
            there = printed.get((round(100 * penalty, 6), volume), ())
            rows.append((f"{100 * penalty:.1f}c", volume, *beside(cells, there)))
    header = ("lambda", "VOL_BATS", "M %", "L_BATS %", "L_NSDQ %")
    return Sheet("Table 3: signs only (stand-in order flow; optimum)", header, tuple(rows))
