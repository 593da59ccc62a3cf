"""hftbacktest 2.4 works the TWAP order of twap.py; run by it inside .venv-bench.

    python benchmarks/twap_hftbacktest.py tape.npz ROUNDS

One asset a venue. Up to the begin of a slice the engine replays by itself; from there this steps from one quote to the
next, with an order that fills at once or not at all for what is behind the schedule, at the venue with the lowest ask
and for no more than it displays. Prints seconds of the processor, shares and the average price as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from fills_peer import events_of
from hftbacktest import LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from hftbacktest.order import IOC
from numba import njit

FEED = 2  # what wait_next_feed answers for market data
MOST_WAITS = 10**15  # nanoseconds


def venue_events(tape: Any, venue: int) -> Any:
    """Of that venue; a trade comes with the venue's next quote, before it."""
    quoted, traded = tape["venue"] == venue, tape["trade_venue"] == venue
    ts = tape["ts"][quoted]
    columns = {name: tape[name][quoted] for name in ("bid_px", "bid_sz", "ask_px", "ask_sz")}
    trades = {
        "trade_row": np.searchsorted(ts, tape["trade_ts"][traded]),
        "trade_px": tape["trade_px"][traded],
        "trade_sz": tape["trade_sz"][traded],
        "trade_sells": tape["trade_side"][traded] == ord("A"),
    }
    return events_of({"ts": ts, **columns, **trades})


@njit  # type: ignore[untyped-decorator]
def work(backtest: Any, venues: int, at: Any, target: Any) -> tuple[int, float]:
    """Shares bought, and what they cost."""
    shares, cost, number = 0, 0.0, np.uint64(1)
    for i in range(len(at)):
        if at[i] > backtest.current_timestamp:
            backtest.elapse(at[i] - backtest.current_timestamp)
        while shares < target[i]:
            best = -1
            for k in range(venues):
                depth = backtest.depth(k)
                if depth.best_ask == depth.best_ask and (best < 0 or depth.best_ask < backtest.depth(best).best_ask):
                    best = k
            if best >= 0:
                depth = backtest.depth(best)
                price, wanted = depth.best_ask, min(target[i] - shares, depth.ask_qty_at_tick(depth.best_ask_tick))
                if wanted > 0:
                    backtest.submit_buy_order(best, number, price, wanted, IOC, LIMIT, True)
                    order = backtest.orders(best).get(number)
                    if order is not None and order.exec_qty > 0:
                        shares += int(order.exec_qty)
                        cost += order.exec_qty * order.exec_price
                    backtest.clear_inactive_orders(best)
                    number += np.uint64(1)
            if shares < target[i] and backtest.wait_next_feed(False, MOST_WAITS) != FEED:
                return shares, cost
    backtest.elapse(MOST_WAITS)
    return shares, cost


def one_round(events: list[Any], tape: Any) -> tuple[float, int, float]:
    assets = [
        BacktestAsset()
        .data([each])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.01)
        .lot_size(1.0)
        for each in events
    ]
    backtest = HashMapMarketDepthBacktest(assets)
    backtest.elapse(0)
    began = time.process_time()
    shares, cost = work(backtest, len(events), tape["at"], tape["target"])
    elapsed = time.process_time() - began
    backtest.close()
    return elapsed, shares, cost


def main(path: str, rounds: str) -> None:
    tape = dict(np.load(path))
    events = [venue_events(tape, int(venue)) for venue in np.unique(tape["venue"])]
    done = [one_round(events, tape) for _ in range(int(rounds) + 1)][1:]  # the first one compiles
    _, shares, cost = done[0]
    print(json.dumps({"seconds": [each[0] for each in done], "shares": shares, "average": cost / max(1, shares)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
