"""What a candidate has done as of a time: the fills before it, each with its fee or its rebate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.order import Fill
from sor.core.router.follow_cheapest import Tally

FEES = FeeSchedule({2: VenueFee(3, 2)})


def fill(ts: int, qty: int, *, is_maker: bool) -> Fill:
    return Fill(ts, 2, 100, qty, is_maker, False, ts, None, ts, None)


def test_a_fill_counts_after_its_instant_with_its_fee_or_rebate() -> None:
    run: Any = SimpleNamespace(fills=[fill(5, 10, is_maker=False), fill(7, 10, is_maker=True)])
    tally = Tally(run, FEES)
    for ts, cost, done in ((5, 0, 0), (6, 1_030, 10), (7, 1_030, 10), (8, 2_010, 20), (None, 2_010, 20)):
        tally.read_before(ts)
        assert (tally.cost, tally.done) == (cost, done)
