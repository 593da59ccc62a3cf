"""Columns of text to rows, as a format says: the one decoder of all vendors' formats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sor.core.market.batch import BUYER, HIDDEN, NO_VENUE, SELLER, UNKNOWN, Chars, Form, Ints
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes.arrow import array_of, int64_of, texts_of
from sor.tapes.codes import action_of, side_of
from sor.tapes.rows import BEFORE_1990, MAX_SIZE, MIN_TIME, NO_ACTION, TRADE, BadRow, Mask, RowChunk, concat_rows
from sor.tapes.symbols.symbol_codes import SymbolCodes
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.numbers import FractionError, Read, is_in, price_of, raw_price_of, short, size_of
from sor.tapes.vendor.rules import left_out
from sor.tapes.vendor.spec import Rule
from sor.tapes.vendor.times import TimeColumn, ZoneClock, date_of, day_of
from sor.tapes.vendor.venues import VenueNames, off_exchange_id

_EXCHANGE_ZONE = "America/New_York"  # letters and lots change with the trading day
_LOT_OF_OLD = 100


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """Rows, and for each the integers that order it among the rows of its instant."""

    rows: RowChunk
    order: tuple[Ints, ...]


class FormatDecoder:
    """Tables of text columns of one file to rows.

    left_out: rows left out, by why. Symbols are learned by first appearance in good rows. InputError for a fractional
    quote: the unit of its sizes is another than the format says.
    """

    def __init__(
        self, layout: Layout, symbols: SymbolCodes, lot: int | None = None, *, is_lenient: bool = False
    ) -> None:
        """lot: see ReadOptions. is_lenient: a fractional quote is a bad row, and not an error."""
        spec = layout.spec
        self._layout, self._spec, self._symbols = layout, spec, symbols
        self._lots = ((None, lot),) if lot is not None else spec.lots
        self._times = TimeColumn(spec.event, spec.zone)
        self._calendar = ZoneClock(_EXCHANGE_ZONE)
        self._names = VenueNames(spec.venue.names)
        unit, none = spec.price_unit or Decimal(1), spec.quote.none if spec.quote else frozenset()
        price = raw_price_of if layout.is_raw else partial(price_of, unit=unit, none=none)
        self._price, self._size = Read(price), Read(_size_or_fraction)
        self._is_lenient = is_lenient
        self._day, self._whole = Read(day_of), Read(size_of)
        self.left_out: Counter[str] = Counter()
        self.remarked = [0] * len(spec.remarks)  # rows, by remark
        self.is_only_hundreds = True  # of displayed sizes before a change of lots
        self.old_sizes = 0
        self.lot = 1  # the largest unit that a displayed size was in

    def notes(self) -> list[str]:
        """Sentences on what was left out, and on rows of which the format has something to say."""
        left_out = [f"{_counted(n)} left out {why}." for why, n in sorted(self.left_out.items())]
        remarked = zip(self._spec.remarks, self.remarked, strict=True)
        return left_out + [f"{n:,} of {one.column} {one.text}: {one.says}." for one, n in remarked if n]

    @property
    def plain(self) -> frozenset[str]:
        """Columns whose texts hardly repeat, so that they are wanted as plain text."""
        return frozenset(name.lower() for name in (*self._spec.event.read, *self._spec.order))

    def decode(self, table: pa.Table, lines: Sequence[int], bad: list[BadRow]) -> OrderedRows:
        """The rows of a table, in its order; those with impossible values are noted as bad, also where the file as a
        whole cannot be right (InputError)."""
        work = _Work(table, lines)
        kept, cleared = self._apply_rules(work)
        if not kept.all():
            work, cleared = work.take(kept), cleared[kept]
        ts = self._instants(work)
        day = self._calendar.day(ts)
        is_trade, is_hidden = self._trades(work)
        columns: dict[str, Any] = {"ts": ts, "action": self._actions(work, is_trade)}
        columns["side"] = self._sides(work, is_hidden)
        self._trade_numbers(work, columns, is_trade)
        self._quotes(work, columns, day, cleared)
        self._venues(work, columns, day, is_trade)
        order = tuple(self._order(work, name) for name in self._spec.order)
        if self._spec.symbol:
            work.refuse("symbol", self._unprintable(work), lambda text: f"{text[:40]!a} is no symbol")
        good = work.report(bad)
        columns["symbol"] = self._symbol_codes(work, good)
        fractional = columns.pop("fractional") & good
        if fractional.any():
            self.left_out["as a trade of a fraction of a share"] += int(np.count_nonzero(fractional))
            good &= ~fractional
        self._count_remarks(work, good)
        return self._rows(columns, order, good)

    # ---------------------------------------------------------------- rows that are left out

    def _apply_rules(self, work: _Work) -> tuple[Mask, Mask]:
        """Which rows stay, and which of them take their venue's quote away."""
        kept, cleared = np.ones(work.n, np.bool_), np.zeros(work.n, np.bool_)
        for rule in self._spec.leave_out:
            if not self._layout.has(rule.column):
                continue
            out, clears = left_out(work.coded(rule.column), rule)
            self._count_rule(rule, out & kept)
            kept &= ~out
            cleared |= clears
        return kept, cleared

    def _count_rule(self, rule: Rule, out: Mask) -> None:
        n = int(np.count_nonzero(out))
        if n:
            self.left_out[f"by what {rule.column} says"] += n

    def _count_remarks(self, work: _Work, good: Mask) -> None:
        for place, one in enumerate(self._spec.remarks):
            self.remarked[place] += int(np.count_nonzero(self._is(work, (one.column, frozenset({one.text}))) & good))

    # ---------------------------------------------------------------- when

    def _instants(self, work: _Work) -> Ints:
        event = self._spec.event
        texts = work.texts(*event.read)
        days = self._days(work) if event.is_clock else None
        ts, missing = self._times.column(texts, days)
        if event.plus is not None and self._layout.has(event.plus[0]):
            more, no_more = self._whole.column(work.coded(event.plus[0]))
            ts = ts + more
            work.refuse(event.plus[0], no_more | (more >= 1000), lambda text: f"{short(text)} is no count of ns")
        work.refuse_plain(event.read[0], texts, missing, self._times.reason)
        is_old = ~missing & (ts < MIN_TIME)
        if is_old.any():
            work.refuse_plain(event.read[0], texts, is_old, lambda text: f"{text[:40]} is {BEFORE_1990}")
        return np.where(missing, 0, ts)

    def _days(self, work: _Work) -> Ints:
        column = self._spec.event.date
        if column is None:
            return np.full(work.n, self._layout.day, np.int64)
        days, missing = self._day.column(work.coded(column))
        work.refuse(column, missing, self._day.reason)
        return days

    def _order(self, work: _Work, name: str) -> Ints:
        if not self._layout.has(name):
            return np.zeros(work.n, np.int64)
        texts = work.texts(name)
        try:
            return int64_of(pc.cast(texts, pa.int64()))
        except (pa.ArrowException, ValueError):
            numbers = [int(text) if _INT64.fullmatch(text) else None for text in texts.to_pylist()]
            numbers = [n if n is not None and abs(n) < 2**63 else None for n in numbers]
            work.refuse_plain(name, texts, np.array([n is None for n in numbers]), lambda t: f"{short(t)} is no number")
            return np.array([number or 0 for number in numbers], np.int64)

    # ---------------------------------------------------------------- trades

    def _trades(self, work: _Work) -> tuple[Mask, Mask]:
        """Which rows are trades, and which of these were against orders that nobody saw."""
        trade = self._spec.trade
        none = np.zeros(work.n, np.bool_)
        if trade is None or not (self._layout.has(trade.price) and self._layout.has(trade.size)):
            return none, none
        hidden = self._is(work, trade.hidden)
        if trade.when is None:
            return ~none, hidden
        if not self._layout.has(trade.when[0]):
            return none, none
        return self._is(work, trade.when) | hidden, hidden

    def _actions(self, work: _Work, is_trade: Mask) -> Chars:
        """T for trades; else the first letter of what tells trades apart, if anything does."""
        trade = self._spec.trade
        others = np.full(work.n, NO_ACTION, np.uint8)
        if trade is not None and trade.when is not None and self._layout.has(trade.when[0]):
            others = _codes(work.coded(trade.when[0]), action_of)
        others = np.where(others == TRADE, np.uint8(NO_ACTION), others)
        return np.where(is_trade, np.uint8(TRADE), others)

    def _is(self, work: _Work, when: tuple[str, frozenset[str]] | None) -> Mask:
        if when is None:
            return np.zeros(work.n, np.bool_)
        return is_in(work.coded(when[0]), lambda text: text.strip() in when[1])

    def _sides(self, work: _Work, is_hidden: Mask) -> Any:
        sides = np.full(work.n, UNKNOWN, np.uint8)
        trade = self._spec.trade
        if trade is None:
            return sides
        if trade.side is not None and self._layout.has(trade.side):
            sides = _codes(work.coded(trade.side), side_of)
        elif trade.resting_side is not None:
            column, buyer, seller = trade.resting_side
            meant = {buyer: SELLER, seller: BUYER}
            sides = _codes(work.coded(column), lambda text: meant.get(text, UNKNOWN))
        return np.where(is_hidden, np.uint8(HIDDEN), sides)

    def _trade_numbers(self, work: _Work, columns: dict[str, Any], is_trade: Mask) -> None:
        trade = self._spec.trade
        columns["price"], columns["size"] = np.full(work.n, NO_PRICE), np.zeros(work.n, np.int64)
        columns["fractional"] = np.zeros(work.n, np.bool_)
        if trade is None or not (self._layout.has(trade.price) and self._layout.has(trade.size)):
            return
        everything = np.ones(work.n, np.bool_)
        price = self._number(work, trade.price, self._price, everything)
        size = self._number(work, trade.size, self._size, everything)
        # Of other rows they stay what they are, as in a block that needs no second look.
        columns["price"], columns["size"] = price, np.where(size == _FRACTION, 0, size)
        columns["fractional"] = is_trade & (size == _FRACTION)
        work.refuse(trade.price, is_trade & (price <= 0), lambda _: "is a trade at zero or less")

    def _number(self, work: _Work, column: str, read: Read, among: Mask) -> Ints:
        values, missing = read.column(work.coded(column))
        work.refuse(column, missing & among, read.reason)
        return values

    # ---------------------------------------------------------------- quotes

    def _quotes(self, work: _Work, columns: dict[str, Any], day: Ints, cleared: Mask) -> None:
        quote = self._spec.quote
        everything = np.ones(work.n, np.bool_)
        for side in ("bid", "ask"):
            if quote is None:
                columns[f"{side}_px"], columns[f"{side}_sz"] = np.full(work.n, UNSPOKEN), np.zeros(work.n, np.int64)
                continue
            names = (quote.bid, quote.bid_size) if side == "bid" else (quote.ask, quote.ask_size)
            price = self._number(work, names[0], self._price, everything)
            size = self._number(work, names[1], self._size, everything)
            self._refuse_fractions(work, names[1], size)
            size = self._shares(work, names[1], size, day)
            if quote.silent is not None:
                said = [is_in(work.coded(name), partial(_is_same_number, quote.silent)) for name in names]
                price = np.where(said[0] & said[1], UNSPOKEN, price)
            columns[f"{side}_px"], columns[f"{side}_sz"] = np.where(cleared, NO_PRICE, price), size
            columns[f"{side}_sz"] = np.where(cleared | (columns[f"{side}_px"] == UNSPOKEN), 0, size)

    def _refuse_fractions(self, work: _Work, column: str, size: Ints) -> None:
        is_fraction = size == _FRACTION
        if self._is_lenient:
            work.refuse(column, is_fraction, lambda text: f"{short(text)} is no whole number of shares")
        elif is_fraction.any():
            row = int(is_fraction.argmax())
            work.stop(
                row,
                f"line {work.lines[row]}, column {column}: {short(work.text(column, row))} is no whole number: "
                "displayed sizes are whole shares or lots, so this file is in another unit than its format says",
            )

    def _shares(self, work: _Work, column: str, size: Ints, day: Ints) -> Ints:
        lots = self._lots
        if len(lots) == 1:
            shares = size * lots[0][1] if lots[0][1] != 1 else size
            self.lot = lots[0][1]
        else:
            ends = [(until or date_of(10**5)).toordinal() - date_of(0).toordinal() for until, _ in lots]
            step = np.searchsorted(np.array(ends[:-1]), day, side="right")
            lot = np.array([shares for _, shares in lots])[step]
            old = size[(lot == _LOT_OF_OLD) & (size > 0)]
            self.old_sizes += len(old)
            self.is_only_hundreds &= bool((old % _LOT_OF_OLD == 0).all())
            shares = size * lot
            self.lot = max(self.lot, int(lot.max(initial=1)))
        work.refuse(column, shares > MAX_SIZE, lambda text: f"{text[:40]} is an impossible size")
        return shares

    # ---------------------------------------------------------------- where

    def _venues(self, work: _Work, columns: dict[str, Any], day: Ints, is_trade: Mask) -> None:
        venue = self._spec.venue
        if venue.bid is None or venue.ask is None:
            columns["venue"] = self._venue(work, venue.column, day, None)
        else:
            for side, name in (("bid", venue.bid), ("ask", venue.ask)):
                px, sz = columns[f"{side}_px"], columns[f"{side}_sz"]
                is_quote = (px > 0) & (px != NO_PRICE) & (px != UNSPOKEN) & (sz > 0)
                columns[f"{side}_venue"] = self._venue(work, name, day, is_quote)
            has_own = self._layout.has(venue.column)
            columns["venue"] = self._venue(work, venue.column, day, is_trade) if has_own else np.zeros(work.n, np.int64)
        rule = venue.off_exchange
        if rule is not None and self._layout.has(rule.column):
            off, _ = left_out(work.coded(rule.column), rule)
            columns["venue"] = np.where(off, off_exchange_id(), columns["venue"])

    def _venue(self, work: _Work, column: str | None, day: Ints, among: Mask | None) -> Ints:
        if column is None:
            fixed = self._spec.venue.fixed or ""
            number = VenueNames("any").of(fixed, 0)
            if number is None:
                raise InputError(
                    f"the format {self._spec.name}: venue.is: {fixed[:40]!a} is no MIC and no publisher_id"
                )
            return np.full(work.n, number, np.int64)
        venues, missing = self._names.column(work.coded(column), day)
        work.refuse(column, missing if among is None else missing & among, self._names.reason)
        return venues if among is None else np.where(among, venues, NO_VENUE)

    # ---------------------------------------------------------------- what

    def _unprintable(self, work: _Work) -> Mask:
        found = np.zeros(work.n, np.bool_)
        for name in self._symbol_columns():
            found |= is_in(work.coded(name), lambda text: not text.strip().isprintable())
        return found

    def _symbol_columns(self) -> list[str]:
        spec = self._spec
        there = [name for name in spec.symbol if self._layout.has(name)]
        return there or [name for name in spec.symbol_else if self._layout.has(name)]

    def _symbol_codes(self, work: _Work, good: Mask) -> Ints:
        names = self._symbol_columns()
        if not names:
            return self._symbols.of_one(self._layout.symbol, work.n)
        if len(names) == 1:
            return self._symbols.of(*texts_of(work.coded(names[0])), good)
        parts = [texts_of(work.coded(name)) for name in names]
        keys: Ints = parts[0][1].astype(np.int64)
        for texts, places in parts[1:]:
            keys = keys * len(texts) + places
        distinct, of_row = np.unique(keys, return_inverse=True)
        joined = []
        for key in distinct.tolist():
            words = []
            for texts, _ in reversed(parts[1:]):
                key, place = divmod(key, len(texts))
                words.append(texts[place].strip())
            words.append(parts[0][0][key].strip())
            joined.append(".".join(filter(None, reversed(words))))
        return self._symbols.of(joined, of_row, good)

    # ---------------------------------------------------------------- together

    def _rows(self, columns: dict[str, Any], order: tuple[Ints, ...], good: Mask) -> OrderedRows:
        sides = {name: columns.pop(name, None) for name in ("bid_venue", "ask_venue")}
        rows = RowChunk(**columns)
        if self._spec.form is Form.VENUE:
            return OrderedRows(rows.take(good), tuple(key[good] for key in order))
        of_side = [rows.venue if venue is None else venue for venue in sides.values()]
        halves = national_rows(rows, of_side[0], of_side[1])
        kept = [np.flatnonzero(good & mask) for _, mask in halves]
        merged = concat_rows([part.take(rows) for (part, _), rows in zip(halves, kept, strict=True)])
        place = np.concatenate(kept)
        back = np.argsort(place, kind="stable")
        return OrderedRows(merged.take(back), tuple(key[place[back]] for key in order))


def national_rows(rows: RowChunk, bid_venue: Ints, ask_venue: Ints) -> list[tuple[RowChunk, Mask]]:
    """Rows of the NBBO form, side by side: chunks of as many rows, and of each the rows that say something.

    The venue of a side without a national quote is NO_VENUE. A trade speaks of no side.
    """
    n = len(rows)
    has = {}
    for side, px, sz in (("bid", rows.bid_px, rows.bid_sz), ("ask", rows.ask_px, rows.ask_sz)):
        is_spoken = px != UNSPOKEN
        is_quote = is_spoken & (px > 0) & (px != NO_PRICE) & (sz > 0)
        has[side] = (is_spoken, is_quote, np.where(is_quote, px, np.where(is_spoken, NO_PRICE, UNSPOKEN)))
    venues = {"bid": np.where(has["bid"][1], bid_venue, NO_VENUE), "ask": np.where(has["ask"][1], ask_venue, NO_VENUE)}
    is_one = has["bid"][0] & has["ask"][0] & (venues["bid"] == venues["ask"])
    plain = {"action": np.full(n, NO_ACTION, np.uint8), "price": np.full(n, NO_PRICE), "size": np.zeros(n, np.int64)}
    bid_sz, ask_sz = np.where(has["bid"][1], rows.bid_sz, 0), np.where(has["ask"][1], rows.ask_sz, 0)
    nothing, unspoken = np.zeros(n, np.int64), np.full(n, UNSPOKEN)
    bid = {"venue": venues["bid"], "bid_px": has["bid"][2], "bid_sz": bid_sz}
    ask = {"venue": venues["ask"], "ask_px": has["ask"][2], "ask_sz": ask_sz}
    no_bid, no_ask = {"bid_px": unspoken, "bid_sz": nothing}, {"ask_px": unspoken, "ask_sz": nothing}
    return [
        (replace(rows, **plain, **(bid | ask)), is_one),
        (replace(rows, **plain, **bid, **no_ask), has["bid"][0] & ~is_one),
        (replace(rows, **plain, **ask, **no_bid), has["ask"][0] & ~is_one),
        (replace(rows, **no_bid, **no_ask), rows.action == TRADE),
    ]


class _Work:
    """A table while it is decoded, with what is wrong with its rows: the first fault of each counts."""

    def __init__(self, table: pa.Table, lines: Sequence[int]) -> None:
        self._table = table
        self.lines = lines
        self.n = table.num_rows
        self._faults: dict[int, tuple[str, str]] = {}
        self._stops: dict[int, str] = {}

    def take(self, rows: Mask) -> _Work:
        places = np.flatnonzero(rows)
        lines = [self.lines[place] for place in places.tolist()]
        return _Work(self._table.take(array_of(places.astype(np.int64), pa.int64())), lines)

    def coded(self, name: str) -> Any:
        column = self._table.column(name.lower())
        found = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        found = found.chunk(0) if isinstance(found, pa.ChunkedArray) else found
        return found if pa.types.is_dictionary(found.type) else found.dictionary_encode()

    def texts(self, *names: str) -> Any:
        columns = [pc.cast(self._table.column(name.lower()), pa.string()).combine_chunks() for name in names]
        columns = [column.chunk(0) if isinstance(column, pa.ChunkedArray) else column for column in columns]
        return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")

    def text(self, name: str, row: int) -> str:
        return str(self._table.column(name.lower())[row].as_py())

    def refuse(self, column: str, is_bad: Mask, reason: Callable[[str], str]) -> None:
        for row in np.flatnonzero(is_bad).tolist():
            if row not in self._faults:
                text = self.text(column, row) if column.lower() in self._table.column_names else ""
                self._faults[row] = (column, reason(text))

    def refuse_plain(self, column: str, texts: Any, is_bad: Mask, reason: Callable[[str], str]) -> None:
        for row in np.flatnonzero(is_bad).tolist():
            self._faults.setdefault(row, (column, reason(texts[row].as_py())))

    def stop(self, row: int, reason: str) -> None:
        """This row shows that the whole file is not what it should be."""
        self._stops.setdefault(row, reason)

    def report(self, bad: list[BadRow]) -> Mask:
        """Note the bad rows; which rows are good. InputError of the first row that stops the file."""
        good = np.ones(self.n, np.bool_)
        for row, (column, reason) in self._faults.items():
            good[row] = False
            bad.append(BadRow(self.lines[row], column, reason, not any(word in reason for word in _READABLE)))
        if self._stops:
            raise InputError(self._stops[min(self._stops)])
        return good


_FRACTION = -(2**62)
_INT64 = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_READABLE = ("impossible", "zero or less")  # the text is right, and the number in it is not


def _size_or_fraction(text: str) -> int:
    try:
        return size_of(text)
    except FractionError:
        return _FRACTION


def _is_same_number(wanted: str, text: str) -> bool:
    try:
        return Decimal(text.strip() or "0") == Decimal(wanted)
    except ArithmeticError:
        return text.strip() == wanted


def _counted(n: int) -> str:
    return "1 row was" if n == 1 else f"{n:,} rows were"


def _codes(coded: Any, meaning: Callable[[str], int]) -> Any:
    texts, places = texts_of(coded)
    return np.array([meaning(text.strip()) for text in texts], np.uint8)[places]
