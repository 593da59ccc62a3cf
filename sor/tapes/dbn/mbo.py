"""A file of every order (mbo) as quotes and trades: the top of each venue's book after each event, when it has changed.

An event is the records up to the flag "last"; where a feed does not set it, up to the next record of another time. Its
trades come first and show the book before it. A trade of a displayed order is followed by the fill of that order; one
without a fill and without an aggressor met an order that nobody saw, and stays of unknown side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sor.core.market.batch import HIDDEN, UNKNOWN, Ints
from sor.core.units import MAX_PRICE, NO_PRICE
from sor.tapes.dbn.order_book import ADD, ASK, BID, MODIFY, NOTHING, Level, OrderBook
from sor.tapes.dbn.reader import DbnReader
from sor.tapes.rows import NO_ACTION, TRADE, RowChunk, impossible

_FILL = ord("F")
_LAST, _SNAPSHOT, _MAYBE_BAD = 128, 32, 4  # flags
_FIELDS = ("publisher_id", "instrument_id", "order_id", "price", "size", "flags")

_Trade = tuple[int, int, int, int, int]  # time, time of receipt, price, size, side
_Row = tuple[int, int, int, int, Level, Level, int, int, int, int]


@dataclass(slots=True)
class _VenueOrders:
    """One stock at one venue. shown: the top when it was last told; ts, ts_recv: of the last record."""

    publisher: int
    instrument: int
    book: OrderBook = field(default_factory=OrderBook)
    shown: tuple[Level, Level] = (NOTHING, NOTHING)
    trades: list[_Trade] = field(default_factory=list)
    filled: set[int] = field(default_factory=set)
    ts: int = -1
    ts_recv: int = -1
    is_open: bool = False


class MboReader(DbnReader):
    """See `RowReader`."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._venues: dict[tuple[int, int], _VenueOrders] = {}
        self._hidden = self._doubtful = 0

    @property
    def notes(self) -> Sequence[str]:
        unknown = sum(venue.book.unknown for venue in self._venues.values())
        found = []
        if self._hidden:
            found.append(
                f"{self._name}: {self._hidden:,} trades met hidden orders: they are of unknown side "
                "and leave displayed queues as they are."
            )
        if unknown:
            found.append(
                f"{self._name}: {unknown:,} records are about orders that the file has not: it does not begin with "
                "the whole book, so its first quotes may be wrong."
            )
        if self._doubtful:
            found.append(f"{self._name}: of {self._doubtful:,} records the vendor says that the book may be wrong.")
        return tuple(found)

    @property
    def _name(self) -> str:
        return self._tape.path.name

    def _rows(self, records: Any, numbers: Ints) -> RowChunk:
        ts, ts_recv = (np.ascontiguousarray(records[name]).view(np.int64) for name in ("ts_event", "ts_recv"))
        # An order of the snapshot at the start may have been sent days before.
        at = np.where(records["flags"] & _SNAPSHOT, ts_recv, ts) if self._clock == "event" else ts_recv
        is_bad = self._refused(records, at, numbers)
        columns = [at, ts_recv, *(records[name] for name in _FIELDS)]
        letters = [np.ascontiguousarray(records[name]).view(np.uint8) for name in ("action", "side")]
        rows: list[_Row] = []
        for one in zip(*(column[~is_bad].tolist() for column in (*columns, *letters)), strict=True):
            self._on_message(one, rows)
        return self._chunk(rows)

    def _rest(self) -> RowChunk:
        rows: list[_Row] = []
        for venue in self._venues.values():
            self._tell(venue, rows)
        return self._chunk(sorted(rows, key=lambda row: row[0]))

    def _refused(self, records: Any, ts: Ints, numbers: Ints) -> Any:
        """Which records cannot be."""
        price, action = records["price"].astype(np.int64), np.ascontiguousarray(records["action"]).view(np.uint8)
        matters = np.isin(action, (ADD, MODIFY, TRADE))
        beyond = matters & ((price > MAX_PRICE) | (price < -MAX_PRICE)) & (price != NO_PRICE)
        no_trade = (action == TRADE) & ((price <= 0) | (price == NO_PRICE))
        is_bad = impossible("ts", ts) | beyond | no_trade
        if is_bad.any() and self.first_bad is None:
            place = int(is_bad.argmax())
            self.first_bad = f"record {numbers[place]}: its time or its price ({price[place]}) is impossible"
        self.bad_rows += int(np.count_nonzero(is_bad))
        return is_bad

    def _on_message(self, one: tuple[int, ...], rows: list[_Row]) -> None:
        ts, ts_recv, publisher, instrument, order, price, size, flags, action, side = one
        venue = self._venues.get((instrument, publisher))
        if venue is None:
            venue = self._venues[instrument, publisher] = _VenueOrders(publisher, instrument)
        if venue.is_open and ts != venue.ts:
            self._tell(venue, rows)
        venue.ts, venue.ts_recv, venue.is_open = ts, ts_recv, True
        self._doubtful += bool(flags & _MAYBE_BAD)
        if action == TRADE:
            if size > 0:
                venue.trades.append((ts, ts_recv, price, size, side if side in (BID, ASK) else UNKNOWN))
        elif action == _FILL:
            venue.filled.add(price)
        else:
            venue.book.apply(action, side, order, price, size, flags)
        if flags & _LAST:
            self._tell(venue, rows)

    def _tell(self, venue: _VenueOrders, rows: list[_Row]) -> None:
        """The rows of an event that has ended."""
        if not venue.is_open:
            return
        for ts, ts_recv, price, size, side in venue.trades:
            if side == UNKNOWN and price not in venue.filled:
                side = HIDDEN
                self._hidden += 1
            rows.append((ts, ts_recv, venue.publisher, venue.instrument, *venue.shown, TRADE, side, price, size))
        top = venue.book.top()
        if top != venue.shown:
            venue.shown, last = top, (venue.ts, venue.ts_recv)
            rows.append((*last, venue.publisher, venue.instrument, *top, NO_ACTION, UNKNOWN, NO_PRICE, 0))
        venue.trades.clear()
        venue.filled.clear()
        venue.is_open = False

    def _chunk(self, rows: list[_Row]) -> RowChunk:
        columns = list(zip(*rows, strict=True)) or [()] * 10
        ts, ts_recv, publisher, instrument, bid, ask, action, side, price, size = columns
        numbers: dict[str, Any] = {"ts": ts, "venue": publisher, "price": price, "size": size}
        for name, levels in (("bid", bid), ("ask", ask)):
            numbers |= {f"{name}_px": [px for px, _ in levels], f"{name}_sz": [sz for _, sz in levels]}
        found: dict[str, Any] = {name: np.array(values, np.int64) for name, values in numbers.items()}
        found |= {name: np.array(chars, np.uint8) for name, chars in (("action", action), ("side", side))}
        return RowChunk(self._names.codes(np.array(instrument, np.int64), np.array(ts_recv, np.int64)), **found)
