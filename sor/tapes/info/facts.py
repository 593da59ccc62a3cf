"""What is on a tape, counted in one pass over its rows in the order of the file and one over its instants in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import Form, Ints, SnapshotBatch
from sor.core.units import NANO, NO_PRICE, UNSPOKEN, format_time, round_half_even
from sor.doubts import doubled_doubts
from sor.sources.source import FileFacts
from sor.tapes.bytes.byte_blocks import Progress
from sor.tapes.info.counted_values import CountedValues
from sor.tapes.info.market import doubts_on_market
from sor.tapes.info.shown import BusyHours, shown
from sor.tapes.info.together import latencies_of, overlap_of
from sor.tapes.merge.tape_rows import TapeRows
from sor.tapes.open import several_files
from sor.tapes.options import AS_IT_IS, ReadOptions
from sor.tapes.rows import TRADE, Mask, RowChunk, concat_rows, empty_rows
from sor.tapes.spool.sorter import SnapshotSorter

LONG_GAP = 60  # seconds without a row that people should know of
OFTEN_EMPTY = 0.05  # share of rows: a venue now and then has nobody on a side, but not all the time
SINGULAR = {"are": "is", "have": "has", "come": "comes"}

_TOP = ("bid_px", "bid_sz", "ask_px", "ask_sz")
_BATCH = 2**14


def tape_info(
    tape: Any,
    *,
    symbol_in: Sequence[str] = (),
    options: ReadOptions = AS_IT_IS,
    strict: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Facts on a tape, ready for JSON: amounts in dollars as Decimal, times as ISO 8601, shares of rows from 0 to 1."""

    def consume(rows: TapeRows) -> Callable[[], dict[str, Any]]:
        counts, instants = _Counts(), SnapshotSorter("last", _BATCH)
        market = SnapshotSorter("last", _BATCH, rows.form)

        def on_late_rows(late: RowChunk) -> None:
            counts.on_rows(late)
            instants.on_late_rows(_by_symbol(late))
            market.on_late_rows(late)

        for chunk in rows.chunks(on_late_rows):
            if len(chunk):
                counts.on_rows(chunk)
                instants.on_rows(_by_symbol(chunk))
                market.on_rows(chunk if len(rows.symbols) == 1 else chunk.slice(0, 0))
        return partial(_told, rows, counts, instants, market)

    files = several_files(tape, None, symbol_in, options, strict, progress)
    return files.read(consume) | {"latency_us": latencies_of(files.inputs, options)}


def _by_symbol(rows: RowChunk) -> RowChunk:
    """An instant of a symbol is one snapshot: with symbols in the place of venues, the sorter finds them all."""
    return replace(rows, venue=rows.symbol, bid_px=np.zeros(len(rows), np.int64))


def _told(rows: TapeRows, counts: _Counts, instants: SnapshotSorter, market: SnapshotSorter) -> dict[str, Any]:
    alone = len(rows.symbols) == 1 and rows.form is Form.VENUE
    is_national = len(rows.symbols) == 1 and rows.form is Form.NBBO
    clock = _Clock()
    for batch in instants.sorted_snapshots().batches():
        clock.on_batch(batch)
    codes = range(len(rows.symbols))
    files = [reduce(FileFacts.joined, symbols) for symbols in zip(*map(rows.files, codes), strict=True)]
    fallen = sum(map(rows.out_of_order, codes))
    return {
        "tape": rows.name,
        "form": rows.form.value,
        "rows": counts.rows,
        "bad_rows": rows.bad_rows,
        "first_bad": rows.first_bad,
        "out_of_order": fallen,
        "files": [_file(file) for file in files],
        "overlap": overlap_of(files),
        "left_out": list(rows.notes),
        "shown": shown(market.sorted_snapshots().batches()) if is_national else None,
        **clock.told(rows.symbols, list(map(rows.rows, codes))),
        **counts.told(),
        "looks_wrong": [
            *_doubts(rows, counts, fallen),
            *doubled_doubts(sum(map(rows.doubled, codes)), counts.rows),
            *(doubts_on_market(market.sorted_snapshots()) if alone else ()),
            *clock.busy.doubts(),
        ],
        "worth_knowing": _peculiarities(rows, counts, clock),
    }


def _file(file: FileFacts) -> dict[str, Any]:
    """One file of the tape, over all symbols."""
    return {
        "name": file.name,
        "rows": file.rows,
        "first": None if file.first is None else format_time(file.first),
        "last": None if file.last is None else format_time(file.last),
    }


@dataclass(slots=True)
class _VenueCounts:
    rows: int = 0
    trades: int = 0
    traded: int = 0


class _Counts:
    """What rows say, each by itself or against the same venue's row above."""

    def __init__(self) -> None:
        self.rows = self.no_bid = self.no_ask = self.crossed = self.locked = self.zero_sizes = self.zero_prices = 0
        self.changed = self.compared = 0
        self._actions = np.zeros(256, np.int64)
        self._venues: dict[int, _VenueCounts] = {}
        self._spread, self._bid, self._ask, self._trade = (CountedValues() for _ in range(4))
        self._tops = empty_rows()

    def on_rows(self, rows: RowChunk) -> None:
        self.rows += len(rows)
        self._actions += np.bincount(rows.action, minlength=256)
        self._count_quotes(rows)
        self._count_changes(rows)
        trades = rows.take((rows.action == TRADE) & (rows.price != NO_PRICE) & (rows.size > 0))
        self._trade.record(trades.size)
        for venue, n in zip(*_unique(rows.venue), strict=True):
            self._venues.setdefault(venue, _VenueCounts()).rows += n
        for venue, n in zip(*_unique(trades.venue), strict=True):
            self._venues[venue].trades += n
            self._venues[venue].traded += int(trades.size[trades.venue == venue].sum())

    def _count_quotes(self, rows: RowChunk) -> None:
        has_bid, no_bid = _quoted(rows.bid_px, rows.bid_sz)
        has_ask, no_ask = _quoted(rows.ask_px, rows.ask_sz)
        spread = (rows.ask_px - rows.bid_px)[has_bid & has_ask]
        self.no_bid += _count(no_bid)
        self.no_ask += _count(no_ask)
        self.crossed += _count(spread < 0)
        self.locked += _count(spread == 0)
        for px, sz in ((rows.bid_px, rows.bid_sz), (rows.ask_px, rows.ask_sz)):
            self.zero_sizes += _count((px > 0) & (px != NO_PRICE) & (px != UNSPOKEN) & (sz == 0))
            self.zero_prices += _count(px <= 0)
        self._spread.record(spread)
        self._bid.record(rows.bid_sz[has_bid])
        self._ask.record(rows.ask_sz[has_ask])

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
        self.busy = BusyHours()
        self._snapshots: Counter[int] = Counter()
        self._second = -1
        self._in_second = self._busiest = 0

    def on_batch(self, batch: SnapshotBatch) -> None:
        ts = batch.ts if self.last < 0 else np.concatenate([[self.last], batch.ts])
        gaps = np.diff(ts)
        if len(gaps):
            widest = int(gaps.argmax())
            if gaps[widest] > self.gap:
                self.gap, self.gap_start = int(gaps[widest]), int(ts[widest])
            self.long_gaps += _count(gaps > LONG_GAP * NANO)
        self.busy.record(batch.ts)
        self.first = self.first if self.first >= 0 else int(ts[0])
        self.last = int(ts[-1])
        self._snapshots.update(dict(zip(*_unique(batch.venue), strict=True)))
        seconds = np.repeat(batch.ts // NANO, np.diff(batch.quote_end, prepend=0))
        for second, n in zip(*_unique(seconds), strict=True):
            self._in_second = n if second != self._second else self._in_second + n
            self._second = second
            self._busiest = max(self._busiest, self._in_second)

    def told(self, symbols: Sequence[str | None], rows: Sequence[int]) -> dict[str, Any]:
        snapshots = self._snapshots.total()
        lasted = Fraction(self.last - self.first, NANO)
        return {
            "symbols": {
                symbol or "": {"rows": rows[place], "snapshots": self._snapshots[place]}
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


def _doubts(rows: TapeRows, counts: _Counts, fallen: int) -> list[str]:
    """Sentences on what no market does: people should look at it before they trust results."""
    n = counts.rows
    found = [
        (rows.bad_rows, f"rows cannot be read: left out; the first: {rows.first_bad}"),
        (fallen, "rows are out of time order: sorted"),
        (counts.crossed, f"rows are crossed, bid above ask ({_percent(counts.crossed, n)})"),
        (counts.locked, f"rows are locked, bid equal to ask ({_percent(counts.locked, n)})"),
        *((count, text) for count, text in _empty_sides(counts) if count > n * OFTEN_EMPTY),
        (counts.zero_sizes, "prices come with a size of zero: no quote"),
        (counts.zero_prices, "prices are zero or less: no quote"),
    ]
    return _sentences(found)


def _peculiarities(rows: TapeRows, counts: _Counts, clock: _Clock) -> list[str]:
    """Sentences on what markets and tapes may well be like, and people should know."""
    gaps = f"gaps are longer than {LONG_GAP} s, the longest after {format_time(max(clock.gap_start, 0))}"
    symbols = len(rows.symbols)
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
    return [f"{count:,} {text if count > 1 else _of_one(text)}" for count, text in found if count]


def _of_one(text: str) -> str:
    """A sentence on rows, gaps or prices, on one of them."""
    nouns, verb, rest = text.split(" ", 2)
    return f"{nouns.removesuffix('s')} {SINGULAR.get(verb, verb)} {rest}"


def _unique(values: NDArray[Any]) -> Iterator[list[int]]:
    numbers, times = np.unique(values, return_counts=True)
    yield from (numbers.tolist(), times.tolist())


def _quoted(px: Ints, sz: Ints) -> tuple[Mask, Mask]:
    """Of one side: which rows have a quote, and which say that there is none."""
    has = (px > 0) & (px != NO_PRICE) & (px != UNSPOKEN) & (sz > 0)
    return has, ~has & (px != UNSPOKEN)


def _count(mask: Any) -> int:
    return int(np.count_nonzero(mask))


def _share(part: int, whole: int) -> Decimal | None:
    return round_half_even(Fraction(part, whole), 6) if whole else None


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"
