"""Fills of a sweep as columns: the same fills and the same sums as one after the other."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from sor.core.execution.accounting import at_venues, split
from sor.core.execution.fills import FEW, Fills, SweptFills
from sor.core.fees import DOLLAR, FeeSchedule, VenueFee
from sor.core.order import Fill, FillReason
from sor.core.units import NO_PRICE

FEES = FeeSchedule({2: VenueFee(take=3_000_000, make=2_000_000, take_below=3_000), 7: VenueFee(take=-1_000)})
ONE = Fill(1, 7, 2 * DOLLAR, 30, True, False, 1, 4 * DOLLAR, 1, 5, 0, FillReason.TRADED, 40, 10, 3 * DOLLAR)


def swept(count: int, *, size: int = 500, unknown: int = 0, sign: int = 1) -> SweptFills:
    """Prices around a dollar, where fees change; the first `unknown` were decided without a mid."""
    rng = Random(count)
    venue, px = ([rng.choice(of) for _ in range(count)] for of in ((2, 7), range(DOLLAR - 3, DOLLAR + 3)))
    mid2 = [NO_PRICE] * unknown + [2 * sign * (DOLLAR - rng.randrange(5)) + 1 for _ in range(count - unknown)]
    ts, qty, touch = range(10, 10 + count), [size + i for i in range(count)], px
    columns = (ts, venue, [sign * p for p in px], qty, mid2, touch)
    when, where, price, shares, mids2, best = (np.array(column, np.int64) for column in columns)
    return SweptFills(when, where, price, shares, mids2, best, 1)


@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW, 5 * FEW])
@pytest.mark.parametrize(("size", "sign"), [(500, 1), (500, -1), (2**43, 1)])
def test_sums_are_those_of_the_single_fills(count: int, size: int, sign: int) -> None:
    fills, block = Fills(), swept(count, size=size, sign=sign)
    fills.append(ONE)
    fills.extend(block)
    fills.append(ONE)
    one_by_one = [ONE, *block, ONE]
    assert (at_venues(fills, FEES), split(fills, 5)) == (at_venues(one_by_one, FEES), split(one_by_one, 5))
    assert (len(fills), list(fills), fills[1:3], fills[-1]) == (count + 2, one_by_one, one_by_one[1:3], ONE)


def test_a_sweep_as_single_fills() -> None:
    first, second = list(swept(FEW, unknown=1))[:2]
    assert (first.mid2, first.child, first.ts, first.decided, first.joined) == (None, 1, 10, 10, 10)
    assert (first.is_maker, first.forced, first.ahead, first.reason) == (False, False, None, FillReason.TAKEN)
    assert (second.child, second.qty, second.mid2 is None) == (2, 501, False)


def test_without_a_mid_nothing_is_known_of_the_parts() -> None:
    fills = Fills()
    fills.extend(swept(FEW, unknown=1))
    assert split(fills, 5) == (None, None)


def test_fills_that_come_after_some_were_read() -> None:
    fills, block = Fills(), swept(FEW)
    fills.extend(block)
    assert (list(fills), fills.last_ts) == ([*block], 9 + FEW)
    fills.append(ONE)
    assert (list(fills), fills.last_ts) == ([*block, ONE], 1)
