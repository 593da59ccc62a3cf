"""The hot loop at its edges: what the arrays cannot hold is worked one row after the other."""

from __future__ import annotations

from sor.core.execution.fast_take import Consumed, sweep
from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Side


def test_sizes_whose_sums_outgrow_64_bits() -> None:
    """Each price run starts a stride of the largest size higher: six runs of 2**61 shares do not fit."""
    bid, ask, size = 100, 200, 2**61
    tape = [Snapshot(i, (Quote(2, bid, 1, ask + i % 2, size),)) for i in range(6)]
    book = BookBuilder().extend(orient(batch_of(tape), Side.BUY))
    used: dict[int, Consumed] = {}
    swept = sweep(book, 0, len(book), 3 * size + 5, 10**6, used, backlog=True)
    assert swept.takes.shares.tolist() == [size, size, size, 5]
    assert swept.takes.prices.tolist() == [ask, ask + 1, ask, ask + 1]
    assert swept.left == 0
