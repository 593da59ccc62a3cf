"""A slow, obvious second reader of tapes, writers of the forms people have, and random rows for both."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from hypothesis import strategies as st

from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, Trade, concat
from sor.core.units import NO_PRICE, format_time
from sor.sources.source import Source
from sor.tapes.merge.inputs import TapeInput
from sor.tapes.merge.tape_rows import SeveralFiles
from sor.tapes.rows import RowReader
from sor.tapes.spool.read import read_tape

Rule = Literal["last", "first"]

T0 = 1_722_519_392_000_000_000  # 2024-08-01T13:36:32Z
COLUMNS = [
    "ts_recv",
    "ts_event",
    "rtype",
    "publisher_id",
    "instrument_id",
    "action",
    "side",
    "depth",
    "price",
    "size",
    "flags",
    "ts_in_delta",
    "sequence",
    "bid_px_00",
    "ask_px_00",
    "bid_sz_00",
    "ask_sz_00",
    "bid_ct_00",
    "ask_ct_00",
    "symbol",
]


@dataclass(frozen=True)
class Row:
    """One row of an mbp-1 tape; prices in nanodollars, None where undefined."""

    ts: int
    venue: int = 2
    bid_px: int | None = 222_740_000_000
    bid_sz: int = 100
    ask_px: int | None = 222_760_000_000
    ask_sz: int = 200
    action: str = "A"
    side: str = "N"
    price: int | None = 222_750_000_000
    size: int = 10
    symbol: str = "AAPL"


# ---------------------------------------------------------------- the oracle


def shown(px: int | None, size: int) -> tuple[int, int]:
    return (px, size) if px is not None and px > 0 and size > 0 else (NO_PRICE, 0)


def oracle(rows: Sequence[Row], rule: Rule = "last", symbol: str = "AAPL") -> list[Snapshot]:
    """The rules from rows to snapshots, row by row."""
    instants: dict[int, tuple[dict[int, Quote], list[Trade]]] = {}
    for row in rows:
        if row.symbol != symbol:
            continue
        quotes, trades = instants.setdefault(row.ts, ({}, []))
        if rule == "last" or row.venue not in quotes:
            quotes[row.venue] = Quote(row.venue, *shown(row.bid_px, row.bid_sz), *shown(row.ask_px, row.ask_sz))
        if row.action == "T" and row.price is not None and row.size > 0:
            trades.append(Trade(row.venue, row.price, row.size, row.side if row.side in "ABH" else "N"))
    return [
        Snapshot(ts, tuple(quotes[venue] for venue in sorted(quotes)), tuple(trades))
        for ts, (quotes, trades) in sorted(instants.items())
    ]


def oracle_of_csv(text: str, rule: Rule = "last") -> list[Snapshot]:
    """The same from the text of a pretty CSV with one symbol, with the csv module and Decimal."""
    rows = []
    for line in csv.DictReader(io.StringIO(text)):
        px = {name: _nanos(line[name]) for name in ("bid_px_00", "ask_px_00", "price")}
        rows.append(
            Row(
                _time(line["ts_event"]),
                int(line["publisher_id"]),
                px["bid_px_00"],
                int(line["bid_sz_00"]),
                px["ask_px_00"],
                int(line["ask_sz_00"]),
                line["action"],
                line["side"],
                px["price"],
                int(line["size"]),
            )
        )
    return oracle(rows, rule)


def out_of_order(rows: Sequence[Row], symbol: str = "AAPL") -> int:
    times = [row.ts for row in rows if row.symbol == symbol]
    return sum(later < earlier for earlier, later in pairwise(times))


def doubled(rows: Sequence[Row], symbol: str = "AAPL") -> int:
    """Rows that repeat an earlier one in everything, in ten successive instants of their venue that are all copies."""
    mine = sorted((row for row in rows if row.symbol == symbol), key=lambda row: (row.venue, row.ts))
    of_venues = [list(of_venue) for _, of_venue in groupby(mine, key=lambda row: row.venue)]
    return max(sum(_copied(of_venue, copies) for of_venue in of_venues) for copies in (2, 3))


def _copied(rows: Sequence[Row], copies: int) -> int:
    total, run = 0, [0]
    for _, rows_then in groupby(rows, key=lambda row: row.ts):
        instant = list(rows_then)
        if all(instant.count(row) % copies == 0 for row in instant):
            run.append(len(instant) - len(set(instant)))
        else:
            total, run = total + (sum(run) if len(run) > 10 else 0), [0]
    return total + (sum(run) if len(run) > 10 else 0)


def _nanos(text: str) -> int | None:
    if text in ("", "nan") or Decimal(text) == Decimal("9223372036.854775807"):
        return None
    return int(Decimal(text) * 10**9)


def _time(text: str) -> int:
    date, _, rest = text.rstrip("Z").partition("T")
    clock, _, nanos = rest.partition(".")
    days = (np.datetime64(date) - np.datetime64("1970-01-01")).astype(int)
    hours, minutes, seconds = map(int, clock.split(":"))
    return ((int(days) * 24 + hours) * 60 + minutes) * 60 * 10**9 + seconds * 10**9 + int(nanos.ljust(9, "0"))


# ---------------------------------------------------------------- what readers give


def read_with(
    reader: RowReader,
    path: Path,
    symbol: str | None = None,
    rule: Rule = "last",
    strict: bool = False,
    batch: int = 100,
) -> Source:
    """The source of a reader that a test has made itself."""
    alone = SeveralFiles((TapeInput(path),), lambda _, inputs: ([(inputs[0], reader)], []), symbol, strict)
    return read_tape(alone, rule, batch)


def snapshots(source: Source) -> list[Snapshot]:
    return [snapshot for batch in source.batches() for snapshot in batch.snapshots()]


def columns(source: Source) -> SnapshotBatch:
    return concat(list(source.batches()))


def same_columns(left: SnapshotBatch, right: SnapshotBatch) -> bool:
    return all(np.array_equal(getattr(left, f.name), getattr(right, f.name)) for f in fields(SnapshotBatch))


# ---------------------------------------------------------------- writers


@dataclass(frozen=True)
class Dialect:
    """How a CSV tape is written."""

    raw_prices: bool = False
    integer_times: bool = False
    columns: tuple[str, ...] = tuple(COLUMNS)
    newline: str = "\n"
    final_newline: bool = True
    bom: bool = False
    quoted: bool = False
    undefined: str = ""  # in pretty files

    def price(self, px: int | None) -> str:
        if px is None:
            return str(NO_PRICE) if self.raw_prices else self.undefined
        if self.raw_prices:
            return str(px)
        whole, nanos = divmod(px, 10**9)
        return f"{whole}.{nanos:09d}".rstrip("0") if nanos else f"{whole}.0"

    def time(self, ts: int) -> str:
        return str(ts) if self.integer_times else format_time(ts)

    def line(self, number: int, row: Row) -> list[str]:
        cells = {
            "ts_recv": self.time(row.ts + 165_000),
            "ts_event": self.time(row.ts),
            "rtype": "1",
            "publisher_id": str(row.venue),
            "instrument_id": "38",
            "action": row.action,
            "side": row.side,
            "price": self.price(row.price),
            "size": str(row.size),
            "sequence": str(number),
            "bid_px_00": self.price(row.bid_px),
            "bid_sz_00": str(row.bid_sz),
            "ask_px_00": self.price(row.ask_px),
            "ask_sz_00": str(row.ask_sz),
            "symbol": row.symbol,
        }
        return [cells.get(name, "0") for name in self.columns]

    def text(self, rows: Sequence[Row]) -> str:
        lines = [list(self.columns), *(self.line(number, row) for number, row in enumerate(rows))]
        quote = '"' if self.quoted else ""
        body = self.newline.join(",".join(f"{quote}{cell}{quote}" for cell in line) for line in lines)
        return ("\ufeff" if self.bom else "") + body + (self.newline if self.final_newline else "")

    def encode(self, rows: Sequence[Row]) -> bytes:
        return self.text(rows).encode()


PRETTY = Dialect()


# ---------------------------------------------------------------- random rows

prices = st.one_of(
    st.none(),
    st.integers(0, 40).map(lambda cents: 222_740_000_000 + 10_000_000 * cents),
    st.sampled_from([0, 1, 100_000_000, 222_740_000_001, 2**61, 2**62 - 1]),
)
sizes = st.one_of(st.sampled_from([0, 1, 99, 100, 100, 300]), st.integers(0, 2**44))


@st.composite
def row_lists(draw: st.DrawFn, *, ordered: bool = False, symbols: Sequence[str] = ("AAPL",)) -> list[Row]:
    """Rows with repeated instants, odd quotes and, unless `ordered`, times that fall back near and far."""
    gaps = [0, 0, 1, 2, 1_000_000_000] if ordered else [0, 0, 1, 2, 1_000_000_000, -1, -3, -1_000_000_000]
    venues = draw(st.sampled_from([(2,), (2, 7), (43, 2, 8, 9)]))
    row = st.builds(
        Row,
        ts=st.sampled_from(gaps),
        venue=st.sampled_from(venues),
        bid_px=prices,
        bid_sz=sizes,
        ask_px=prices,
        ask_sz=sizes,
        action=st.sampled_from("AACTTTMRF"),
        side=st.sampled_from("ABN"),
        price=prices.filter(lambda px: px != 0),  # a trade at zero is a bad row
        size=sizes,
        symbol=st.sampled_from(list(symbols)),
    )
    rows, now = [], T0
    # The first price shows how prices are written, as some price in a real tape does.
    for step in [Row(0, symbol=symbols[0]), *draw(st.lists(row, max_size=40))]:
        now = max(now + step.ts, 0)
        rows.append(replace(step, ts=now))
    return rows


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    extra = draw(st.lists(st.sampled_from(["bid_px_01", "note", "ts_in_delta"]), max_size=2, unique=True))
    names = list(COLUMNS) + [name for name in extra if name not in COLUMNS]
    return Dialect(
        raw_prices=draw(st.booleans()),
        integer_times=draw(st.booleans()),
        columns=tuple(draw(st.permutations(names))),
        newline=draw(st.sampled_from(["\n", "\r\n"])),
        final_newline=draw(st.booleans()),
        bom=draw(st.booleans()),
        quoted=draw(st.booleans()),
        undefined=draw(st.sampled_from(["", "nan", "9223372036.854775807"])),
    )
