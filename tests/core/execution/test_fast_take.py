"""The hot loop at its edges: what the arrays cannot hold is worked one row after the other."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from sor.core.execution import fast_take
from sor.core.execution.fast_take import Consumed, sweep
from sor.core.market.batch import Quote, Snapshot, batch_of, no_quote
from sor.core.market.book import Book, BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Liquidity, Side


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


def random_book(rng: Random, liquidity: Liquidity) -> Book:
    """Few prices, which change seldom: venues often have the same one; where they have not, the dearer ones wait."""
    venues, tape = range(1, rng.randrange(2, 5)), []
    prices, sizes = dict.fromkeys(venues, 100), rng.choice(((0, 10, 20, 30), (10, 20, 30)))
    for now in range(60):
        sent = [venue for venue in venues if rng.random() < rng.choice((0.2, 0.8))]
        prices |= {venue: rng.choice((100, 101, 102)) for venue in sent if rng.random() < 0.2}
        asks = [no_quote(prices[venue], rng.choice(sizes)) for venue in sent]
        tape.append(Snapshot(now, tuple(Quote(v, 90, 1, *ask) for v, ask in zip(sent, asks, strict=True))))
    return BookBuilder(liquidity).extend(orient(batch_of(tape), Side.BUY))


@pytest.mark.parametrize("patience", [fast_take.PATIENCE, 1.0])
@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize("liquidity", Liquidity)
def test_together_is_as_one_by_one(
    monkeypatch: pytest.MonkeyPatch, liquidity: Liquidity, rows: int, patience: float
) -> None:
    """In blocks of any length, with a limit or none, done early or never, and where one sweep goes on after another."""
    monkeypatch.setattr(fast_take, "ROWS", rows)
    monkeypatch.setattr(fast_take, "PATIENCE", patience)
    taken = 0
    for seed in range(100):
        rng = Random(seed)
        book, limit, shares = random_book(rng, liquidity), rng.choice((100, 101, 10**6)), rng.choice((35, 300, 10**6))
        cuts = sorted(rng.sample(range(1, len(book)), 2))
        found = []
        for few in (False, True):
            used: dict[int, Consumed] = {}
            backlog, left, takes = True, shares, list[tuple[int, ...]]()
            for first, last in pairwise([0, *cuts, len(book)]):
                start = first if backlog else next((row for row in book.fresh_rows if row >= first), last)
                if left and start < last:
                    swept = sweep(book, start, last, left, limit, used, backlog, few=few)
                    left, backlog = swept.left, swept.backlog
                    takes += zip(*(column.tolist() for column in swept.takes), strict=True)
            found.append((takes, left))
        assert found[0] == found[1], seed
        taken += len(found[0][0])
    assert taken > 500
