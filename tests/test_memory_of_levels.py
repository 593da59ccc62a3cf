"""A report does not depend on how much of the tape before its order was read: whole, from a file, from Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import THOROUGH

from sor.core.backtest.session import MarketFacts
from sor.core.market.batch import SnapshotBatch
from sor.core.units import NANO
from sor.request import BacktestRequest
from sor.running.run import run
from sor.sources.source import Source, TimelineSource
from sor.tapes import open_tape
from sor.tapes.convert import convert

HEADER = "ts_event,publisher_id,action,side,price,size,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol\n"
START, TENTH = 1_717_421_400 * NANO, NANO // 10
VENUES = (2, 8, 43)


class Uncut:
    """A tape of which nothing is cut: the backtest gets every snapshot of it."""

    def __init__(self, tape: TimelineSource, rows: int) -> None:
        self.has_bids, self.form, self.prints_late = tape.has_bids, tape.form, tape.prints_late
        self.bounds, self.timeline = tape.bounds, tape.timeline
        self.tape_facts, self.stream_facts = tape.tape_facts, tape.stream_facts
        self._tape, self._rows = tape, rows

    def batches(self) -> Iterator[SnapshotBatch]:
        for batch in self._tape.batches():
            for at in range(0, len(batch), self._rows):
                yield batch.slice(at, min(len(batch), at + self._rows))

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        return market


def tape(random: Random) -> str:
    """Forty seconds in which best prices leave and come back, soon or after long, sides are empty now and then, sellers
    reach deep, and sizes fall long after the trades that explain it."""
    rows, book = [HEADER], dict.fromkeys(VENUES, (1000, 1002))
    gaps = random.choice([(1, 2, 3), (1, 3, 9), (4, 8)])
    ts, empty, moves = START, random.choice([0.0, 0.05, 0.4]), random.choice([0.03, 0.1, 1.0])
    levels = [random.choice((0, 0, 1, 2)) for _ in range(9)]  # of every five seconds
    while ts < START + 40 * NANO:
        ts += random.choice(gaps) * TENTH // random.choice((1, 3))
        venue = random.choice(VENUES)
        bid, ask = book[venue]
        if random.random() < 0.3:
            px, side = random.choice(((bid, "A"), (bid, "A"), (bid - 1, "A"), (bid, "N"), (ask, "B")))
            rows.append(line(ts, venue, "T", side, px, random.choice((10, 100, 300)), bid, ask, random, 0.0))
        else:
            mid = 1001 + levels[(ts - START) // (5 * NANO)]
            if moves == 1:
                mid += random.randint(-2, 2)
            if random.random() < moves or bid < mid - 3 or bid >= mid:
                book[venue] = bid, ask = mid - random.choice((1, 1, 2, 3)), mid + random.choice((1, 1, 2))
            rows.append(line(ts, venue, "A", "B", 0, 0, bid, ask, random, empty))
    return "".join(rows)


def line(
    ts: int, venue: int, action: str, side: str, px: int, size: int, bid: int, ask: int, random: Random, empty: float
) -> str:
    bid_sz, ask_sz = (0 if random.random() < empty else random.choice((100, 200, 500)) for _ in range(2))
    return f"{ts},{venue},{action},{side},{px / 100:.2f},{size},{bid / 100:.2f},{ask / 100:.2f},{bid_sz},{ask_sz},ABC\n"


OPTIONS: list[dict[str, Any]] = [
    {"latency_us": 150_000, "queue_model": "proportional"},
    {"latency_us": 400_000, "queue_model": "power:3", "side": "sell"},
    {"latency_us": 90_000, "cancel_latency_us": 700_000, "max_quote_age": 3},
    {"queue_model": "optimistic", "orders": 2},
    {"latency_us": 250_000, "strategy": "X_E", "queue_model": "proportional", "take_fade": 0.5},
]


@given(st.integers(0, 2**32), st.sampled_from(OPTIONS), st.sampled_from((1, 7, 1_000)))
@settings(max_examples=6 * THOROUGH, deadline=None)
def test_the_same_bytes_whatever_was_read_before(seed: int, options: dict[str, Any], batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for module in ("outflow_history", "allocators"):
            patch.setattr(f"sor.core.router.{module}.LATEST", 6)
        patch.setattr("sor.core.router.slice_problems.ENOUGH", 3)
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", 25)
        path = Path(folder, "day.csv")
        path.write_text(tape(Random(seed)))
        convert(path, path.with_suffix(".parquet"))
        sources: list[Source] = [  # each cut in its own way
            Uncut(open_tape(path), batch),
            open_tape(path, batch_snapshots=3),
            open_tape(path.with_suffix(".parquet")),
        ]
        usual: dict[str, Any] = {
            "quantity": 600, "router_interval": 1, "interval": 2, "lambda_over": "1.5x", "lambda_under": "3x",
            "theta_queue": "0.1x", "start": START + 20 * NANO, "end": START + 30 * NANO,
        }  # fmt: skip
        spec = BacktestRequest(**usual | options).spec()
        whole, *others = [run(source, spec) for source in sources]
        for other in others:
            assert other.to_json() == whole.to_json()
            assert other.fill_records == whole.fill_records
