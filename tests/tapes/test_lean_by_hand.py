"""best_ask and twap on real consolidated days, against a reading of the vendor's lines and of the rules of the NBBO
form that uses no line of the program: parsing, price runs and taking, all by hand."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sor.cli import run

LEAN = Path(__file__).parents[2].parent / "shared" / "data" / "lean"
SECOND = 10**9
Best = tuple[str, int, int]  # venue's letter, price in nanodollars, shares


def instants(path: Path) -> Iterator[tuple[int, Best | None, Best | None]]:
    """(ns since the epoch, best bid, best ask), each side as its last row at that time says; None: it says nothing."""
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode().splitlines()
    midnight = datetime.strptime(name[:8], "%Y%m%d").replace(tzinfo=ZoneInfo("America/New_York"))
    rows = [line.split(",") for line in lines]
    firm = sorted((row for row in rows if row[7] == "0"), key=lambda row: int(row[0]))
    for ms, now in groupby(firm, key=lambda row: int(row[0])):
        bid = ask = None
        for _, bid_px, bid_sz, ask_px, ask_sz, letter, _, _ in now:
            venue = "Q" if letter == "T" else letter  # both are Nasdaq's
            bid = (venue, int(bid_px) * 100_000, int(bid_sz)) if (bid_px, bid_sz) != ("0", "0") else bid
            ask = (venue, int(ask_px) * 100_000, int(ask_sz)) if (ask_px, ask_sz) != ("0", "0") else ask
        yield round(midnight.timestamp()) * SECOND + ms * 10**6, bid, ask


@dataclass
class Taker:
    """Takes what is shown, up to a target. Prices of a sell are negative, so that the least is the best."""

    sign: int
    taken: dict[str, tuple[int, int]] = field(default_factory=dict)  # by venue: the run's price, shares had in it
    shown: Best | None = None
    done: int = 0
    cash: int = 0

    def see(self, said: Best | None) -> None:
        if said is None:
            return
        venue, px, size = said[0], self.sign * said[1], said[2]
        # A run lives while the venue is hidden, until the national price is worse or the venue is shown at another.
        self.taken = {v: run for v, run in self.taken.items() if run[0] >= px}
        if venue not in self.taken or self.taken[venue][0] != px:
            self.taken[venue] = px, 0
        self.shown = venue, px, size

    def take(self, target: int) -> None:
        if self.shown is None or self.done >= target:
            return
        venue, px, size = self.shown
        had = self.taken[venue][1]
        shares = min(target - self.done, max(0, size - had))
        self.taken[venue] = px, had + shares
        self.done += shares
        self.cash += shares * px


def by_hand(path: Path, side: str, quantity: int, start: int, end: int, slices: int) -> tuple[Decimal, int]:
    """Cash in dollars, forced shares included, and shares filled."""
    taker = Taker(1 if side == "buy" else -1)
    for ts, bid, ask in instants(path):
        if ts > end:
            break
        taker.see(ask if side == "buy" else bid)
        if ts >= start:
            number = min(slices - 1, (ts - start) * slices // (end - start))
            taker.take(quantity * (number + 1) // slices)
    assert taker.shown is not None
    cash = taker.cash + (quantity - taker.done) * taker.shown[1]
    return Decimal(taker.sign * cash) / SECOND, taker.done


@pytest.mark.long
@pytest.mark.skipif(not LEAN.is_dir(), reason="no real LEAN days beside the project")
@pytest.mark.parametrize(("day", "quantity"), [("20131007", 200_000), ("20131009", 5_000)])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_taking_on_a_real_day(day: str, quantity: int, side: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = LEAN / f"ibm-{day}_quote.zip"
    words = ["backtest", "--tape", str(path), "--json", "--fees", "none", "--strategy", "twap", "--side", side]
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    window = ["--start", f"{date}T13:30:00Z", "--end", f"{date}T20:00:00Z", "--quantity", str(quantity)]
    assert run([*words, *window], "sor") == 0
    found = json.loads(capsys.readouterr().out, parse_float=Decimal)["strategies"]
    start = round(datetime.fromisoformat(f"{date}T13:30:00+00:00").timestamp()) * SECOND
    for name, slices in (("best_ask", 1), ("twap", 390)):
        expected = by_hand(path, side, quantity, start, start + 23_400 * SECOND, slices)
        assert (found[name]["total_cash"], found[name]["filled"]) == expected
