"""One file's share of a tape: its rows of the stock, at their venues, without what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sor.core.market.batch import Ints, distinct
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.sources.source import FileFacts
from sor.tapes.doubled import DoubledRows
from sor.tapes.merge.choice import FoundPublisher, LeftOut
from sor.tapes.merge.inputs import TapeInput
from sor.tapes.merge.symbols import Spelling, spelled, wanted_of
from sor.tapes.rows import NO_ACTION, TRADE, Kind, Mask, RowChunk, RowReader, without_quotes
from sor.tapes.sorting import OrderBySymbol, SplitLateRows, grown
from sor.venues import exchange_of_publisher

if TYPE_CHECKING:
    from sor.tapes.parquet.form import ParquetFacts, SymbolFacts

Late = Callable[[RowChunk], None]


@dataclass(frozen=True, slots=True)
class Settled:
    """What has to be known of all files before any of them is read, and is only known once all are read.

    A first pass assumes that nothing is left out and symbols are spelled alike; only where it finds something else is
    there a second one. stock: the symbol of files in which `--symbol-in` says which rows are meant.
    """

    choice: LeftOut = field(default_factory=LeftOut)
    spelling: Mapping[str, str] = field(default_factory=dict)
    stock: Spelling = None


class Symbols:
    """The symbols of a tape, by first appearance, and how many rows of each stand there twice."""

    def __init__(self) -> None:
        self.names: list[Spelling] = []
        self.doubled: dict[int, DoubledRows] = {}

    def code(self, name: Spelling) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


class FileRows:
    """The rows of one file. All that it counts is of rows of the tape's symbols, also of those that are left out."""

    def __init__(
        self, one: TapeInput, reader: RowReader, symbols: Symbols, wanted: Spelling, settled: Settled, late: Late
    ) -> None:
        self.one = one
        self.reader = reader
        self.order = OrderBySymbol()
        self.off_exchange_trades = self.off_exchange = np.empty(0, np.int64)
        self.numbers: set[tuple[int, int]] = set()  # (publisher, place in the reader's symbols)
        self._symbols, self._wanted, self._settled, self._late = symbols, wanted, settled, late
        self._codes = np.empty(0, np.int64)
        self._spans: dict[int, tuple[int, int]] = {}
        self._first, self._last = np.empty(0, np.int64), np.empty(0, np.int64)
        self._split = SplitLateRows()
        self._check_venue()

    def _check_venue(self) -> None:
        if self.one.venue is not None and self.reader.has_venues:
            raise InputError(f"{self.one.path}: its rows name their venues: give the file without VENUE=")
        if self.one.venue is None and not self.reader.has_venues:
            raise InputError(
                f"{self.one.path}: its rows name no venue: say it with VENUE=FILE, a MIC or a publisher_id, such as "
                f"XNAS={self.one.name}"
            )

    @property
    def place(self) -> tuple[bool, int, str, str]:
        """Where the file stands among others at equal times; holds once the first rows have been read."""
        first = int(self._first[self._first >= 0].min()) if (self._first >= 0).any() else -1
        return self.reader.kind is not Kind.TRADES, first, self.one.name, str(self.one.path)

    def on_time(self) -> Iterator[RowChunk]:
        """The rows that are in the order of time; the others go to `late`. Chunks may be empty."""
        for chunk in self.reader.chunks():
            rows = self._of_symbols(chunk)
            if len(rows) == 0:
                continue
            self._count(rows)
            rows = self._kept(rows)
            if len(rows) == 0:
                continue
            on_time, late = self._split.split(rows)
            if late is not None:
                self._late(late)
            yield on_time

    def fallen(self, code: int) -> int:
        """Rows of one of the tape's symbols that came before the row above."""
        counted = int(self.order.fallen[code]) if code < len(self.order.fallen) else 0
        return counted + sum(symbol.out_of_order for symbol in self.remembered(code))

    def reported(self, code: int) -> tuple[int, int]:
        """Trades and shares of trade reporting facilities."""
        known = code < len(self.off_exchange)
        trades, shares = (int(self.off_exchange_trades[code]), int(self.off_exchange[code])) if known else (0, 0)
        before = self.remembered(code)
        return (
            trades + sum(symbol.off_exchange_trades for symbol in before),
            shares + sum(symbol.off_exchange for symbol in before),
        )

    def remembered(self, code: int) -> list[SymbolFacts]:
        """What a Parquet tape of ours knows of the files it was made from, of one of the tape's symbols."""
        facts: ParquetFacts | None = getattr(self.reader, "facts", None)
        if facts is None:
            return []
        return [symbol for symbol, place in zip(facts.symbols, self._codes.tolist(), strict=False) if place == code]

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self.reader.notes)

    def found(self) -> Iterator[FoundPublisher]:
        for number, (first, last) in sorted(self._spans.items()):
            yield FoundPublisher(self.one.name, self.reader.form, self.reader.kind, number, first, last)

    def facts(self, code: int) -> FileFacts:
        """Of one of the tape's symbols."""
        rows = int(self.order.rows[code]) if code < len(self.order.rows) else 0
        if not rows:
            return FileFacts(self.one.name, 0, None, None)
        return FileFacts(self.one.name, rows, int(self._first[code]), int(self._last[code]))

    def _of_symbols(self, chunk: RowChunk) -> RowChunk:
        symbols = self.reader.symbols
        if len(self._codes) < len(symbols):
            new = [self._code(symbol) for symbol in symbols[len(self._codes) :]]
            self._codes = np.concatenate([self._codes, np.array(new, np.int64)])
        venue = chunk.venue if self.one.venue is None else np.full(len(chunk), self.one.venue)
        if not self.reader.has_names:
            pairs = distinct(venue << 32 | chunk.symbol)
            self.numbers.update(divmod(pair, 2**32) for pair in pairs)
        codes = self._codes[chunk.symbol]
        rows = replace(chunk, symbol=codes, venue=venue)
        return rows if (codes >= 0).all() else rows.take(codes >= 0)

    def _code(self, symbol: Spelling) -> int:
        """The symbol of the tape that a symbol of the file is; -1 where it is none that is wanted."""
        if self.one.ids:
            return self._symbols.code(self._settled.stock) if str(symbol) in self.one.ids else -1
        if self._wanted is None:
            return self._symbols.code(spelled(symbol, self._settled.spelling))
        return self._symbols.code(self._wanted) if symbol == wanted_of(self.reader.symbols, self._wanted) else -1

    def _count(self, rows: RowChunk) -> None:
        self.order.count(rows)
        n = len(self.order.rows)
        self._first, self._last = grown(self._first, n, -1), grown(self._last, n, -1)
        codes = _present(rows.symbol)
        for code in codes:
            part = rows if len(codes) == 1 else rows.take(rows.symbol == code)
            if not self.remembered(code):  # which knows it of its original, with every column
                self._symbols.doubled.setdefault(code, DoubledRows()).on_rows(part)
            ts = part.ts
            first, last = int(ts.min()), int(ts.max())
            self._first[code] = first if self._first[code] < 0 else min(first, int(self._first[code]))
            self._last[code] = max(last, int(self._last[code]))
        publishers = _present(rows.venue)
        for number in publishers:
            ts = rows.ts if len(publishers) == 1 else rows.ts[rows.venue == number]
            first, last = self._spans.get(number, (int(ts[0]), int(ts[0])))
            self._spans[number] = (min(first, int(ts.min())), max(last, int(ts.max())))

    def _kept(self, rows: RowChunk) -> RowChunk:
        """The rows that count, with exchanges in the place of publishers."""
        choice, kind = self._settled.choice, self.reader.kind
        for number in _present(rows.venue):
            exchange = exchange_of_publisher(number)
            at = rows.venue == number
            if number in choice.publishers:
                rows = rows.take(~at)
                continue
            if (kind, number) in choice.quotes:
                rows = _silenced(rows, at)
            if (kind, number) in choice.trades:
                rows = _untraded(rows, rows.venue == number)
            if exchange is None:
                continue
            at = rows.venue == number
            if exchange.off_exchange:
                self._sum_off_exchange(rows, at)
                rows = rows.take(~at)
            elif exchange.venue_id != number:
                rows = replace(rows, venue=np.where(at, exchange.venue_id, rows.venue))
        return rows

    def _sum_off_exchange(self, rows: RowChunk, at: Mask) -> None:
        trades = rows.take(at & (rows.action == TRADE) & (rows.price != NO_PRICE) & (rows.size > 0))
        n = len(self.order.rows)
        self.off_exchange_trades = grown(self.off_exchange_trades, n, 0)
        self.off_exchange = grown(self.off_exchange, n, 0)
        np.add.at(self.off_exchange_trades, trades.symbol, 1)
        np.add.at(self.off_exchange, trades.symbol, trades.size)


def _present(values: Ints) -> list[int]:
    """The values that occur, ascending."""
    if (values == values[0]).all():
        return [int(values[0])]
    if int(values.min()) >= 0 and int(values.max()) < 2**16:
        return np.flatnonzero(np.bincount(values)).tolist()
    return sorted(set(values.tolist()))


def _silenced(rows: RowChunk, at: Mask) -> RowChunk:
    """Of these rows nothing but their trades."""
    rest, trades = ~at, at & (rows.action == TRADE)
    if not rest.any():
        return without_quotes(rows.take(trades))
    silent = without_quotes(rows)
    sides = {name: np.where(at, getattr(silent, name), getattr(rows, name)) for name in _SIDES}
    return replace(rows, **sides).take(rest | trades)


_SIDES = ("bid_px", "bid_sz", "ask_px", "ask_sz")


def _untraded(rows: RowChunk, at: Mask) -> RowChunk:
    """Of these rows nothing but their quotes."""
    at = at & (rows.action == TRADE)
    found = replace(
        rows,
        action=np.where(at, np.uint8(NO_ACTION), rows.action),
        price=np.where(at, NO_PRICE, rows.price),
        size=np.where(at, 0, rows.size),
    )
    has_quote = (rows.bid_px != UNSPOKEN) | (rows.ask_px != UNSPOKEN)
    return found.take(~at | has_quote)
