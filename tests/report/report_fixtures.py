"""Reports for the tests of how they look: the bundled tape by simple strategies, by the router, and odd ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from sor import backtest
from sor.core.market.batch import Form, Quote, Snapshot, SnapshotBatch, Trade, batch_of
from sor.core.units import NANO, NO_PRICE
from sor.report.report import Report
from sor.request import BacktestRequest
from sor.running.run import run
from sor.sources.source import StreamFacts, TapeFacts


@dataclass(frozen=True)
class Made:
    """A source of snapshots made in a test."""

    snapshots: Sequence[Snapshot]
    has_bids: bool = True
    form: Form = Form.VENUE
    prints_late: int = 0

    def bounds(self) -> tuple[int, int]:
        return self.snapshots[0].ts, self.snapshots[-1].ts

    def batches(self) -> Iterator[SnapshotBatch]:
        yield batch_of(self.snapshots)

    def tape_facts(self) -> TapeFacts:
        return TapeFacts("made", None, len(self.snapshots))

    def stream_facts(self) -> StreamFacts:
        return StreamFacts(len(self.snapshots), len(self.snapshots))


T0 = 1_722_519_392 * NANO  # 2024-08-01T13:36:32Z
CENT = NANO // 100
FEES = {2: {"take": 0.003, "make": 0.002}, 3: {"take": -0.0005, "make": -0.001}}


def two_venues(*, asks: bool = True) -> list[Snapshot]:
    """A minute of two venues around 100 dollars, a snapshot a second, with a trade at each."""
    snapshots = []
    for i in range(61):
        bid = 100 * NANO + (i * 7 % 5) * CENT
        ask = (bid + 2 * CENT, 300) if asks else (NO_PRICE, 0)
        quotes = tuple(Quote(venue, bid, 200, *ask) for venue in (2, 3))
        snapshots.append(Snapshot(T0 + i * NANO, quotes, (Trade(2, bid, 50, "A"),)))
    return snapshots


def report_of_two_venues(*, asks: bool = True, **options: Any) -> Report:
    """Other keywords as in BacktestRequest."""
    usual: dict[str, Any] = {"strategy": "static", "fees": FEES, "quantity": 1_000, "interval": 10}
    return run(Made(two_venues(asks=asks)), BacktestRequest(**(usual | options)).spec())


@pytest.fixture(scope="session")
def made() -> Callable[..., Report]:
    return report_of_two_venues


@pytest.fixture(scope="session")
def static_report() -> Report:
    """The bundled tape, simple strategies only."""
    return backtest(strategy="static")


@pytest.fixture(scope="session")
def router_report() -> Report:
    """Two minutes of the bundled tape with the router, its bracket and its walk forward."""
    return backtest(strategy="cont_kukanov", start="13:31:00", end="13:33:00", quantity=1_000)
