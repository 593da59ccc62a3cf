"""hftbacktest 2.4 rests the same orders on the same quotes and trades as fills.py; run by it inside .venv-bench.

    python benchmarks/fills_peer.py tape.npz

The file has of one venue: ts, bid_px, bid_sz, ask_px, ask_sz by snapshot (size 0: no quote), trade_row, trade_px,
trade_sz, trade_sells by trade, and at, px, until by order. Prints what each model filled of each order, as JSON.

What this engine wants to be told, found by trial: the event array must stay referenced as long as the backtest lives;
elapse(0) comes first; of one snapshot the new level comes before the levels that it replaces are deleted, or the best
is for a moment a level that is long gone. And an order that a trade fills to exactly nothing stays in its book (in
0.9.4 of its core, partialfillexchange.rs compares filled > leaves where it wants >=), so that the next trade at that
price ends the run with error 14, an invalid order status. So every order here is far larger than it is meant to be;
its first shares are the order. Nothing in the peer's rules looks at an order's size, and orders do not meet.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    event_dtype,
)
from numba import njit

HUGE = 1e7
BOTH = EXCH_EVENT | LOCAL_EVENT
NANO = 1e9

Row = tuple[int, int, float, float]  # kind, ts, price, shares
DAY = 86_400 * 10**9


def events_of(tape: Any) -> Any:
    """Trades of a snapshot, then its quotes: the new best of a side, then the levels that it shows to be gone."""
    rows: list[Row] = []
    levels: tuple[set[int], set[int]] = set(), set()
    trades = list(zip(*(tape[c].tolist() for c in ("trade_row", "trade_px", "trade_sz", "trade_sells")), strict=True))
    at = 0
    columns = [tape[name].tolist() for name in ("ts", "bid_px", "bid_sz", "ask_px", "ask_sz")]
    for row, (ts, bid, bid_sz, ask, ask_sz) in enumerate(zip(*columns, strict=True)):
        while at < len(trades) and trades[at][0] == row:
            _, px, sz, sells = trades[at]
            rows.append((TRADE_EVENT | (SELL_EVENT if sells else BUY_EVENT), ts, px / NANO, sz))
            at += 1
        rows += side_events(DEPTH_EVENT | BUY_EVENT, ts, bid, bid_sz, levels[0], 1)
        rows += side_events(DEPTH_EVENT | SELL_EVENT, ts, ask, ask_sz, levels[1], -1)
    rows.append((TRADE_EVENT | BUY_EVENT, rows[-1][1] + DAY, 0.01, 0.0))  # says nothing: no order outlives the data
    events = np.zeros(len(rows), event_dtype)
    for row, (kind, ts, px_, qty) in enumerate(rows):
        events[row]["ev"], events[row]["exch_ts"], events[row]["local_ts"] = kind | BOTH, ts, ts
        events[row]["px"], events[row]["qty"] = px_, qty
    return events


def side_events(kind: int, ts: int, px: int, sz: int, levels: set[int], better: int) -> list[Row]:
    """better: 1 where a higher price is the better one. Levels behind the best are kept: nobody says that they went."""
    gone = sorted((level for level in levels if sz == 0 or better * level > better * px), reverse=better > 0)
    levels.difference_update(gone)
    rows = [(kind, ts, level / NANO, 0.0) for level in gone]
    if sz:
        levels.add(px)
        rows.insert(0, (kind, ts, px / NANO, float(sz)))
    return rows


@njit  # type: ignore[untyped-decorator]
def run(backtest: Any, times: Any, orders: Any, prices: Any, filled: Any, first: int) -> int:
    """Sends order i where prices[step] is above 0, and reads what was filled of it where not."""
    code: int = backtest.elapse(0)
    now = first
    for step in range(len(times)):
        if times[step] > now:
            code = backtest.elapse(times[step] - now)
            if code != 0:
                return code
            now = times[step]
        order = orders[step]
        if prices[step] > 0:
            code = backtest.submit_buy_order(0, order, prices[step], HUGE, GTX, LIMIT, False)
        else:
            found = backtest.orders(0).get(order)
            if found is not None:
                filled[order] = -1.0 if found.status == 2 else HUGE - found.leaves_qty
                if found.cancellable:
                    code = backtest.cancel(0, order, False)
        if code != 0:
            return code
    return 0


def fills(events: Any, tape: Any, model: str) -> list[int]:
    asset = BacktestAsset().data([events]).linear_asset(1.0).constant_order_latency(0, 0)
    asset = asset.risk_adverse_queue_model() if model == "risk" else asset.power_prob_queue_model3(float(model))
    asset = asset.partial_fill_exchange().trading_value_fee_model(0.0, 0.0).tick_size(0.01).lot_size(1.0)
    backtest = HashMapMarketDepthBacktest([asset])
    n = len(tape["at"])
    steps = sorted(
        [(int(at), 1, order) for order, at in enumerate(tape["at"])]
        + [(int(until), 0, order) for order, until in enumerate(tape["until"])]
    )
    times = np.array([step[0] for step in steps], np.int64)
    orders = np.array([step[2] for step in steps], np.uint64)
    prices = np.array([tape["px"][order] / NANO if sends else 0.0 for _, sends, order in steps])
    filled = np.zeros(n)
    code = run(backtest, times, orders, prices, filled, int(events[0]["exch_ts"]))
    backtest.close()
    if code:
        sys.exit(f"the peer ended with error {code}")
    return [int(value) for value in filled]


def main(path: str, *models: str) -> None:
    tape = dict(np.load(path))
    events = events_of(tape)
    print(json.dumps({model: fills(events, tape, model) for model in models}))


if __name__ == "__main__":
    main(*sys.argv[1:])
