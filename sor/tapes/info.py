"""What is on a tape, counted in one pass over its rows in the order of the file and one over its instants in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.market import Ints, SnapshotBatch
from sor.core.units import NANO, NO_PRICE, format_time, round_half_even
from sor.tapes.blocks import Progress
from sor.tapes.order import OrderBySymbol, Punctual
from sor.tapes.reading import open_reader
from sor.tapes.rows import TRADE, Reader, RowChunk, concat_rows, empty_rows
from sor.tapes.source import SnapshotSorter, refuse_bad_rows, tape_name

LONG_GAP = 60  # seconds without a row that people should know of
OFTEN_EMPTY = 0.05  # share of rows: a venue now and then has nobody on a side, but not all the time

_TOP = ("bid_px", "bid_sz", "ask_px", "ask_sz")
_BATCH = 2**14


def tape_info(path: Path, *, strict: bool = False, progress: Progress | None = None) -> dict[str, Any]:
    """Facts on a tape, ready for JSON: amounts in dollars as Decimal, times as ISO 8601, shares of rows from 0 to 1."""
    with open_reader(path, progress) as reader:
        counts, order = _Counts(), OrderBySymbol()
        punctual, instants = Punctual(), SnapshotSorter("last", _BATCH)
        for rows in reader.chunks():
            refuse_bad_rows(reader, path, strict)
            counts.add(rows)
            order.count(rows)
            # An instant of a symbol is one snapshot: with symbols in the place of venues, the sorter finds them all.
            instants.add(*punctual.split(replace(rows, venue=rows.symbol)))
        refuse_bad_rows(reader, path, strict)
    known = getattr(reader, "facts", None)  # a Parquet tape is sorted, and remembers what it was made from
    fallen = sum(symbol.out_of_order for symbol in known.symbols) if known else int(order.fallen.sum())
    name = known.name if known else tape_name(path)
    clock = _Clock()
    for batch in instants.finish().batches():
        clock.add(batch)
    return {
        "tape": name,
        "rows": counts.rows,
        "bad_rows": reader.bad_rows,
        "first_bad": reader.first_bad,
        "out_of_order": fallen,
        **clock.told(reader.symbols, order.rows),
        **counts.told(),
        "looks_wrong": _doubts(reader, counts, fallen),
        "worth_knowing": _peculiarities(reader, counts, clock),
    }


class Distribution:
    """Whole numbers by how often they occur: exact order statistics without keeping the numbers apart."""

    def __init__(self) -> None:
        self._times: Counter[int] = Counter()

    def add(self, values: Ints) -> None:
        numbers, times = np.unique(values, return_counts=True)
        self._times.update(dict(zip(numbers.tolist(), times.tolist(), strict=True)))

    @property
    def total(self) -> int:
        return sum(value * times for value, times in self._times.items())

    def told(self, unit: int = 1) -> dict[str, Any]:
        """count, min, median, mean and max, in units of `unit`; nulls where there is nothing."""
        n = self._times.total()
        if n == 0:
            return {"count": 0, "min": None, "median": None, "mean": None, "max": None}
        values = sorted(self._times)
        ranks = np.cumsum([self._times[value] for value in values])
        low, high = (values[int(np.searchsorted(ranks, rank, "right"))] for rank in ((n - 1) // 2, n // 2))
        figures = {
            "min": Fraction(values[0]),
            "median": Fraction(low + high, 2),
            "mean": Fraction(self.total, n),
            "max": Fraction(values[-1]),
        }
        return {"count": n} | {name: _number(figure / unit) for name, figure in figures.items()}


@dataclass(slots=True)
class _Venue:
    rows: int = 0
    trades: int = 0
    traded: int = 0


class _Counts:
    """What rows say, each by itself or against the same venue's row above."""

    def __init__(self) -> None:
        self.rows = self.no_bid = self.no_ask = self.crossed = self.locked = self.zero_sizes = self.zero_prices = 0
        self.changed = self.compared = 0
        self._actions = np.zeros(256, np.int64)
        self._venues: dict[int, _Venue] = {}
        self._spread, self._bid, self._ask, self._trade = (Distribution() for _ in range(4))
        self._tops = empty_rows()

    def add(self, rows: RowChunk) -> None:
        self.rows += len(rows)
        self._actions += np.bincount(rows.action, minlength=256)
        self._count_quotes(rows)
        self._count_changes(rows)
        trades = rows.take((rows.action == TRADE) & (rows.price != NO_PRICE) & (rows.size > 0))
        self._trade.add(trades.size)
        for venue, n in zip(*_unique(rows.venue), strict=True):
            self._venues.setdefault(venue, _Venue()).rows += n
        for venue, n in zip(*_unique(trades.venue), strict=True):
            self._venues[venue].trades += n
            self._venues[venue].traded += int(trades.size[trades.venue == venue].sum())

    def _count_quotes(self, rows: RowChunk) -> None:
        has_bid = (rows.bid_px != NO_PRICE) & (rows.bid_sz > 0)
        has_ask = (rows.ask_px != NO_PRICE) & (rows.ask_sz > 0)
        spread = (rows.ask_px - rows.bid_px)[has_bid & has_ask]
        self.no_bid += _count(~has_bid)
        self.no_ask += _count(~has_ask)
        self.crossed += _count(spread < 0)
        self.locked += _count(spread == 0)
        for px, sz in ((rows.bid_px, rows.bid_sz), (rows.ask_px, rows.ask_sz)):
            self.zero_sizes += _count((px != NO_PRICE) & (sz == 0))
            self.zero_prices += _count(px == 0)
        self._spread.add(spread)
        self._bid.add(rows.bid_sz[has_bid])
        self._ask.add(rows.ask_sz[has_ask])

    def _count_changes(self, rows: RowChunk) -> None:
        rows = concat_rows([self._tops, rows])
        keys = rows.symbol << 32 | rows.venue
        order = np.argsort(keys, kind="stable")
        is_next = keys[order][1:] == keys[order][:-1]
        differs = np.zeros(len(is_next), np.bool_)
        for name in _TOP:
            column = getattr(rows, name)[order]
            differs |= column[1:] != column[:-1]
        self.compared += _count(is_next)
        self.changed += _count(is_next & differs)
        self._tops = rows.take(order[np.append(~is_next, True)])

    def told(self) -> dict[str, Any]:
        actions = {chr(code): int(self._actions[code]) for code in np.flatnonzero(self._actions).tolist()}
        return {
            "actions": {
                letter.strip() or "none": {"rows": n, "share": _share(n, self.rows)}
                for letter, n in sorted(actions.items(), key=lambda item: -item[1])
            },
            "venues": {
                str(venue): {
                    "rows": seen.rows,
                    "share": _share(seen.rows, self.rows),
                    "trades": seen.trades,
                    "traded": seen.traded,
                }
                for venue, seen in sorted(self._venues.items())
            },
            "spread": self._spread.told(NANO),
            "bid_size": self._bid.told(),
            "ask_size": self._ask.told(),
            "trade_size": self._trade.told(),
            "traded": self._trade.total,
            "top_changes": _share(self.changed, self.compared),
        }


class _Clock:
    """What the instants say, in the order of time."""

    def __init__(self) -> None:
        self.first = self.last = self.gap_start = -1
        self.gap = 0
        self.long_gaps = 0
        self._snapshots: Counter[int] = Counter()
        self._second = -1
        self._in_second = self._busiest = 0

    def add(self, batch: SnapshotBatch) -> None:
        ts = batch.ts if self.last < 0 else np.concatenate([[self.last], batch.ts])
        gaps = np.diff(ts)
        if len(gaps):
            widest = int(gaps.argmax())
            if gaps[widest] > self.gap:
                self.gap, self.gap_start = int(gaps[widest]), int(ts[widest])
            self.long_gaps += _count(gaps > LONG_GAP * NANO)
        self.first = self.first if self.first >= 0 else int(ts[0])
        self.last = int(ts[-1])
        self._snapshots.update(dict(zip(*_unique(batch.venue), strict=True)))
        seconds = np.repeat(batch.ts // NANO, np.diff(batch.quote_end, prepend=0))
        for second, n in zip(*_unique(seconds), strict=True):
            self._in_second = n if second != self._second else self._in_second + n
            self._second = second
            self._busiest = max(self._busiest, self._in_second)

    def told(self, symbols: list[str | None], rows: Ints) -> dict[str, Any]:
        snapshots = self._snapshots.total()
        lasted = Fraction(self.last - self.first, NANO)
        return {
            "symbols": {
                symbol or "": {"rows": int(rows[place]), "snapshots": self._snapshots[place]}
                for place, symbol in enumerate(symbols)
            },
            "first": format_time(self.first),
            "last": format_time(self.last),
            "seconds": round_half_even(lasted, 9),
            "snapshots": snapshots,
            "snapshots_per_second": {
                "mean": round_half_even(snapshots / lasted, 3) if lasted else None,
                "busiest": self._busiest,
            },
            "longest_gap": {
                "seconds": round_half_even(Fraction(self.gap, NANO), 9),
                "after": format_time(self.gap_start) if self.gap else None,
            },
        }


def _doubts(reader: Reader, counts: _Counts, fallen: int) -> list[str]:
    """Sentences on what no market does: people should look at it before they trust results."""
    n = counts.rows
    found = [
        (reader.bad_rows, f"rows cannot be read and are left out, the first: {reader.first_bad}"),
        (fallen, "rows are before the row above them in time: they are put in order"),
        (counts.crossed, f"rows are crossed, bid above ask ({_percent(counts.crossed, n)})"),
        (counts.locked, f"rows are locked, bid equal to ask ({_percent(counts.locked, n)})"),
        *((count, text) for count, text in _empty_sides(counts) if count > n * OFTEN_EMPTY),
        (counts.zero_sizes, "prices come with a size of zero: they are no quotes"),
        (counts.zero_prices, "prices are zero"),
    ]
    return _sentences(found)


def _peculiarities(reader: Reader, counts: _Counts, clock: _Clock) -> list[str]:
    """Sentences on what markets and tapes may well be like, and people should know."""
    gaps = f"gaps are longer than {LONG_GAP} s, the longest after {format_time(max(clock.gap_start, 0))}"
    symbols = len(reader.symbols)
    return _sentences(
        [
            *((count, text) for count, text in _empty_sides(counts) if count <= counts.rows * OFTEN_EMPTY),
            (clock.long_gaps, gaps),
            (symbols if symbols > 1 else 0, "symbols are on the tape: a backtest needs --symbol"),
        ]
    )


def _empty_sides(counts: _Counts) -> list[tuple[int, str]]:
    n = counts.rows
    return [
        (counts.no_bid, f"rows have no bid ({_percent(counts.no_bid, n)})"),
        (counts.no_ask, f"rows have no ask ({_percent(counts.no_ask, n)})"),
    ]


def _sentences(found: list[tuple[int, str]]) -> list[str]:
    return [f"{count:,} {text}" for count, text in found if count]


def _unique(values: NDArray[Any]) -> Iterator[list[int]]:
    numbers, times = np.unique(values, return_counts=True)
    yield from (numbers.tolist(), times.tolist())


def _count(mask: Any) -> int:
    return int(np.count_nonzero(mask))


def _share(part: int, whole: int) -> Decimal | None:
    return round_half_even(Fraction(part, whole), 6) if whole else None


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _number(value: Fraction) -> int | Decimal:
    """Whole numbers as such, others to nine decimals."""
    return int(value) if value.denominator == 1 else round_half_even(value, 9)
