"""nautilus_trader takes the same shares from the same quotes as takes.py; run by it inside .venv-nautilus.

    python benchmarks/takes_peer.py tape.npz

The file has of one venue: ts, bid_px, bid_sz, ask_px, ask_sz by snapshot, and at (a snapshot's time) and quantity by
market order to buy. The book is built from the quotes alone (L1). Prints the fills of each order, [price in
nanodollars, shares], as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, BookType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

NANO = 10**9
VENUE = Venue("TAPE")
STOCK = InstrumentId(Symbol("STOCK"), VENUE)


class TakeAt(Strategy):  # type: ignore[misc]
    """Sends a market order when the quote of its time has arrived."""

    def __init__(self, wanted: dict[int, list[tuple[int, int]]], count: int) -> None:
        super().__init__()
        self.wanted = wanted
        self.numbers: dict[Any, int] = {}
        self.filled: list[list[tuple[int, int]]] = [[] for _ in range(count)]

    def on_start(self) -> None:
        self.subscribe_quote_ticks(STOCK)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        for number, quantity in self.wanted.pop(tick.ts_event, ()):
            order = self.order_factory.market(STOCK, OrderSide.BUY, Quantity.from_int(quantity))
            self.numbers[order.client_order_id] = number
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        fill = (int(event.last_px.as_decimal() * NANO), int(event.last_qty))
        self.filled[self.numbers[event.client_order_id]].append(fill)


def main(path: str) -> None:
    tape = dict(np.load(path))
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[Money(10**12, USD)],
        book_type=BookType.L1_MBP,
    )
    engine.add_instrument(
        Equity(STOCK, STOCK.symbol, USD, 2, Price.from_str("0.01"), Quantity.from_int(1), ts_event=0, ts_init=0)
    )
    columns = [tape[name].tolist() for name in ("ts", "bid_px", "bid_sz", "ask_px", "ask_sz")]
    engine.add_data(
        [
            QuoteTick(
                STOCK,
                Price(bid / NANO, 2),
                Price(ask / NANO, 2),
                Quantity.from_int(bid_sz),
                Quantity.from_int(ask_sz),
                ts,
                ts,
            )
            for ts, bid, bid_sz, ask, ask_sz in zip(*columns, strict=True)
            if bid_sz and ask_sz
        ]
    )
    wanted: dict[int, list[tuple[int, int]]] = {}
    for number, (at, quantity) in enumerate(zip(tape["at"].tolist(), tape["quantity"].tolist(), strict=True)):
        wanted.setdefault(at, []).append((number, quantity))
    strategy = TakeAt(wanted, len(tape["at"]))
    engine.add_strategy(strategy)
    engine.run()
    print(json.dumps(strategy.filled))
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
