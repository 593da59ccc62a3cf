"""nautilus_trader 1.221 works the TWAP order of twap.py; run by it inside .venv-nautilus.

    python benchmarks/twap_nautilus.py tape.npz ROUNDS

One instrument a venue, each with an L1 book of its quotes, and its trades. The strategy sees every quote, as a strategy
there does, and sends an order that fills at once or not at all for what is behind the schedule, at the venue with the
lowest ask and for no more than it displays. Prints seconds of the processor, shares and the average price as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, BookType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

NANO = 10**9
DECIMALS = 4  # a trade between the quotes has half a cent
SIDES = {ord("A"): AggressorSide.SELLER, ord("B"): AggressorSide.BUYER}


def stock(venue: int) -> InstrumentId:
    return InstrumentId(Symbol("STOCK"), Venue(f"V{venue}"))


class Twap(Strategy):  # type: ignore[misc]
    """at, target: the begin of each slice, and the shares to be done by its end."""

    def __init__(self, venues: list[int], at: list[int], target: list[int]) -> None:
        super().__init__()
        self.venues, self.at, self.target = venues, at, target
        self.slice = 0
        self.shares, self.cost, self.working = 0, 0.0, False
        self.asks: dict[InstrumentId, QuoteTick] = {}

    def on_start(self) -> None:
        for venue in self.venues:
            self.subscribe_quote_ticks(stock(venue))

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.asks[tick.instrument_id] = tick
        while self.slice + 1 < len(self.at) and tick.ts_event >= self.at[self.slice + 1]:
            self.slice += 1
        behind = self.target[self.slice] - self.shares
        if behind > 0 and not self.working:
            best = min(self.asks.values(), key=lambda quote: quote.ask_price)
            quantity = Quantity.from_int(min(behind, int(best.ask_size)))
            order = self.order_factory.limit(
                best.instrument_id, OrderSide.BUY, quantity, best.ask_price, time_in_force=TimeInForce.IOC
            )
            self.working = True
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        self.shares += int(event.last_qty)
        self.cost += float(event.last_qty) * float(event.last_px)
        self.working = False

    def on_order_canceled(self, event: Any) -> None:
        self.working = False

    def on_order_rejected(self, event: Any) -> None:
        self.working = False


def quotes_of(tape: Any) -> list[QuoteTick]:
    columns = [tape[name].tolist() for name in ("venue", "ts", "bid_px", "bid_sz", "ask_px", "ask_sz")]
    return [
        QuoteTick(
            stock(venue),
            Price(bid / NANO, DECIMALS),
            Price(ask / NANO, DECIMALS),
            Quantity.from_int(bid_sz),
            Quantity.from_int(ask_sz),
            ts,
            ts,
        )
        for venue, ts, bid, bid_sz, ask, ask_sz in zip(*columns, strict=True)
        if bid_sz and ask_sz
    ]


def trades_of(tape: Any) -> list[TradeTick]:
    columns = [tape[name].tolist() for name in ("trade_venue", "trade_ts", "trade_px", "trade_sz", "trade_side")]
    return [
        TradeTick(
            stock(venue),
            Price(px / NANO, DECIMALS),
            Quantity.from_int(sz),
            SIDES.get(side, AggressorSide.NO_AGGRESSOR),
            TradeId(str(number)),
            ts,
            ts,
        )
        for number, (venue, ts, px, sz, side) in enumerate(zip(*columns, strict=True))
    ]


def one_round(tape: Any, venues: list[int], data: list[Any]) -> tuple[float, int, float]:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    for venue in venues:
        name = stock(venue)
        engine.add_venue(
            venue=name.venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=USD,
            starting_balances=[Money(10**12, USD)],
            book_type=BookType.L1_MBP,
        )
        lot, tick = Quantity.from_int(1), Price(0.0001, DECIMALS)
        engine.add_instrument(Equity(name, name.symbol, USD, DECIMALS, tick, lot, ts_event=0, ts_init=0))
    engine.add_data(data, validate=False)
    strategy = Twap(venues, tape["at"].tolist(), tape["target"].tolist())
    engine.add_strategy(strategy)
    began = time.process_time()
    engine.run()
    elapsed = time.process_time() - began
    engine.dispose()
    return elapsed, strategy.shares, strategy.cost


def main(path: str, rounds: str) -> None:
    tape = dict(np.load(path))
    venues = np.unique(tape["venue"]).tolist()
    data = sorted(trades_of(tape) + quotes_of(tape), key=lambda tick: tick.ts_init)
    done = [one_round(tape, venues, data) for _ in range(int(rounds))]
    _, shares, cost = done[0]
    print(json.dumps({"seconds": [each[0] for each in done], "shares": shares, "average": cost / max(1, shares)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
