"""hftbacktest 2.4 steps through a tape and reads its top, nothing else; run by engine.py inside .venv-bench.

    python benchmarks/engine_peer.py tape.npz ROUNDS     ts, bid_px, bid_sz, ask_px, ask_sz of one venue

Prints the snapshots a second (of the processor's time) of each round and the mean best ask that it saw, to show
that it looked.
"""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

import numpy as np
from fills_peer import events_of
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from numba import njit

FEED = 2  # what wait_next_feed answers for market data


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
    tape = dict(np.load(path))
    nothing = np.zeros(0, np.int64)
    events = events_of({**tape, **dict.fromkeys(("trade_row", "trade_px", "trade_sz", "trade_sells"), nothing)})
    results = [one_round(events) for _ in range(int(rounds) + 1)][1:]  # the first one compiles
    n = len(tape["ts"])
    assert math.isfinite(results[0][2]), "it saw no ask"
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
