"""best_ask and twap on real quotes of twelve exchanges, against a reading of the lines and the rules by hand."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest

from sor.cli import run

TAQ = Path(__file__).parents[2].parent / "shared" / "data" / "taq" / "quotes_xxx_2018-01-02.csv.gz"
SECOND = 10**9
# Participant letters of the plans, in the order of their exchanges' ids: ties go to the smaller.
LETTERS = {letter: rank for rank, letters in enumerate(("QT", *"BXZYJKNCAMVP")) for letter in letters}


def nanos(text: str) -> int:
    second, _, fraction = text.removesuffix("Z").partition(".")
    return round(datetime.fromisoformat(f"{second}+00:00").timestamp()) * SECOND + int(fraction.ljust(9, "0")[:9])


def instants(side: str) -> Iterator[tuple[int, dict[int, tuple[int, int]]]]:
    """(ns, {venue: (price, shares)}) of the side that is taken; a sell's prices are negative. No price is no quote."""
    price, lots, sign = ("OFR", "OFRSIZ", 1) if side == "buy" else ("BID", "BIDSIZ", -1)
    with gzip.open(TAQ, "rt") as lines:
        rows = sorted(((nanos(row["DT"]), row) for row in csv.DictReader(lines)), key=lambda pair: pair[0])
    for ts, now in groupby(rows, key=lambda pair: pair[0]):
        yield (
            ts,
            {LETTERS[row["EX"]]: (sign * int(Decimal(row[price]) * SECOND), 100 * int(row[lots])) for _, row in now},
        )


class Book:
    """Each venue's price, shares displayed, and shares had of this uninterrupted price."""

    def __init__(self) -> None:
        self.venues: dict[int, tuple[int, int, int]] = {}
        self.done = self.cash = self.last = 0

    def see(self, quotes: Mapping[int, tuple[int, int]]) -> None:
        for venue, (px, size) in quotes.items():
            old = self.venues.pop(venue, (None, 0, 0))
            if px and size:
                self.venues[venue] = px, size, old[2] if old[0] == px else 0
        self.last = min((px for px, _, _ in self.venues.values()), default=self.last)

    def take(self, target: int) -> None:
        left = {v: size - had for v, (_, size, had) in self.venues.items() if size > had}
        best = min((self.venues[venue][0] for venue in left), default=0)
        for venue in sorted((v for v in left if self.venues[v][0] == best), key=lambda v: (-left[v], v)):
            shares = min(left[venue], target - self.done)
            px, size, had = self.venues[venue]
            self.venues[venue] = px, size, had + shares
            self.done, self.cash = self.done + shares, self.cash + shares * px


def by_hand(side: str, quantity: int, start: int, end: int, slices: int) -> tuple[Decimal, int]:
    """Cash in dollars, forced shares included, and shares filled. The first day only: its book begins empty."""
    book = Book()
    for ts, quotes in instants(side):
        if ts > end:
            break
        book.see(quotes)
        if ts >= start and book.venues:
            number = min(slices - 1, (ts - start) * slices // (end - start))
            book.take(max(book.done, quantity * (number + 1) // slices))
    cash = book.cash + (quantity - book.done) * book.last
    return Decimal((1 if side == "buy" else -1) * cash) / SECOND, book.done


@pytest.mark.long
@pytest.mark.skipif(not TAQ.is_file(), reason="no real quotes by exchange beside the project")
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_taking_on_twelve_exchanges(side: str, capsys: pytest.CaptureFixture[str]) -> None:
    start, end, quantity = "2018-01-02T14:30:00Z", "2018-01-02T21:00:00Z", 100_000
    words = ["backtest", "--tape", str(TAQ), "--json", "--fees", "none", "--strategy", "twap", "--side", side]
    assert run([*words, "--start", start, "--end", end, "--quantity", str(quantity)], "sor") == 0
    found = json.loads(capsys.readouterr().out, parse_float=Decimal)["strategies"]
    for name, slices in (("best_ask", 1), ("twap", 390)):
        expected = by_hand(side, quantity, nanos(start), nanos(end), slices)
        assert (found[name]["total_cash"], found[name]["filled"]) == expected
