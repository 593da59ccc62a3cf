"""hftbacktest 2.4 steps through a tape and reads its top, nothing else; run by engine.py inside .venv-bench.

    python benchmarks/engine_peer.py tape.npz ROUNDS     ts, bid_px, bid_sz, ask_px, ask_sz of one venue

Prints the snapshots a second (of the processor's time) of each round and the mean best ask that it saw, to show
that it looked.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_BBO_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    event_dtype,
)
from numba import njit

FEED = 2  # what wait_next_feed answers for market data


def events_of(tape: Any) -> Any:
    """Two events a snapshot, the best bid and the best ask: the least that this engine can be fed."""
    n = len(tape["ts"])
    events = np.zeros(2 * n, event_dtype)
    for offset, side, px, sz in ((0, BUY_EVENT, "bid_px", "bid_sz"), (1, SELL_EVENT, "ask_px", "ask_sz")):
        rows = events[offset::2]
        rows["ev"] = DEPTH_BBO_EVENT | EXCH_EVENT | LOCAL_EVENT | side
        rows["exch_ts"] = rows["local_ts"] = tape["ts"]
        rows["px"], rows["qty"] = tape[px] / 1e9, tape[sz]
    return events


@njit  # type: ignore[untyped-decorator]
def step(backtest: Any) -> tuple[int, float, float]:
    steps, value, size = 0, 0.0, 0.0
    while backtest.wait_next_feed(False, 10**15) == FEED:
        depth = backtest.depth(0)
        value += depth.best_ask
        size += depth.ask_qty_at_tick(depth.best_ask_tick)
        steps += 1
    return steps, value, size


def one_round(events: Any) -> tuple[float, int, float]:
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.01)
        .lot_size(1.0)
    )
    backtest = HashMapMarketDepthBacktest([asset])
    began = time.process_time()
    steps, value, _ = step(backtest)
    elapsed = time.process_time() - began
    backtest.close()
    return elapsed, steps, value


def main(path: str, rounds: str) -> None:
    tape = np.load(path)
    events = events_of(tape)
    results = [one_round(events) for _ in range(int(rounds) + 1)][1:]  # the first one compiles
    n = len(tape["ts"])
    print(
        json.dumps(
            {
                "per_second": [n / r[0] for r in results],
                "steps": results[0][1],
                "mean_ask": results[0][2] / results[0][1],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
