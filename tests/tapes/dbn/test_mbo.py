"""Every order as quotes and trades, against a slow book that is a list of orders."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import T0, Row, columns, oracle, same_columns, snapshots
from test_dbn_tape import ACTIONS, IDS, SIDES, header, record

from sor.core.market.batch import Trade
from sor.core.units import NO_PRICE
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.convert import convert

dbn = pytest.importorskip("databento_dbn")

CENT = 10_000_000
LAST, SNAPSHOT, TOP_OF_BOOK = 128, 32, 64


@dataclass(frozen=True)
class Order:
    """One record of a file of every order."""

    action: str
    ident: int = 0
    side: str = "N"
    price: int = NO_PRICE
    size: int = 0
    ts: int = T0
    last: bool = True
    venue: int = 2
    symbol: str = "AAPL"
    flags: int = 0

    def encoded(self) -> bytes:
        return bytes(
            dbn.MBOMsg(
                publisher_id=self.venue,
                instrument_id=IDS[self.symbol],
                ts_event=self.ts,
                order_id=self.ident,
                price=self.price,
                size=self.size,
                action=getattr(dbn.Action, ACTIONS[self.action]),
                side=getattr(dbn.Side, SIDES[self.side]),
                ts_recv=self.ts + 165_000,
                flags=self.flags | LAST * self.last,
            )
        )


def written(folder: Path, orders: Sequence[Order]) -> Path:
    path = folder / "every-order.dbn"
    path.write_bytes(header("MBO") + b"".join(order.encoded() for order in orders))
    return path


@dataclass
class SlowBook:
    """All orders at one venue, in a list."""

    orders: list[list[Any]] = field(default_factory=list)  # id, side, price, size
    shown: tuple[int, int, int, int] = (NO_PRICE, 0, NO_PRICE, 0)

    def apply(self, one: Order) -> None:
        mine = [order for order in self.orders if order[0] == one.ident]
        if one.action == "R":
            self.orders = []
        if one.action in ("A", "M"):
            self.orders = [order for order in self.orders if order[0] != one.ident]
            self.orders.append([one.ident, one.side, one.price, one.size])
        if one.action == "C" and mine:
            mine[0][3] -= one.size
            self.orders = [order for order in self.orders if order[3] > 0]

    def top(self) -> tuple[int, int, int, int]:
        found = []
        for side, best in (("B", max), ("A", min)):
            prices = [order[2] for order in self.orders if order[1] == side]
            price = best(prices) if prices else NO_PRICE
            found += [price, sum(order[3] for order in self.orders if order[1] == side and order[2] == price)]
        return found[0], found[1], found[2], found[3]


def slowly(orders: Sequence[Order], symbol: str = "AAPL") -> list[Row]:
    """The rows of mbp-1 that these events make: its trades, and then the top where it is another."""
    books: dict[int, SlowBook] = {}
    rows: list[Row] = []
    event: dict[int, list[Order]] = {}
    mine = [one for one in orders if one.symbol == symbol]
    for one in mine:
        event.setdefault(one.venue, []).append(one)
        if not one.last:
            continue
        book = books.setdefault(one.venue, SlowBook())
        records = event.pop(one.venue)
        trades = [each for each in records if each.action == "T"]
        filled = {each.price for each in records if each.action == "F"}
        rows += [
            Row(t.ts, t.venue, *book.shown, "T", "H" if t.side == "N" and t.price not in filled else t.side, t.price,
                t.size, symbol)
            for t in trades
        ]  # fmt: skip
        for each in records:
            book.apply(each)
        if book.top() != book.shown:
            book.shown = book.top()
            rows.append(Row(one.ts, one.venue, *book.shown, symbol=symbol))
    return rows


def random_day(rng: random.Random, events: int) -> list[Order]:
    """Events such as an exchange has: orders come, change and go, trade, and meet hidden ones."""
    orders: list[Order] = []
    alive: dict[tuple[int, str], dict[int, Order]] = {}
    ts = T0
    for ident in range(1, events + 1):
        ts += rng.choice([0, 1, 1_000])
        at = rng.choice([2, 43]), rng.choice(["AAPL", "AAPL", "MSFT"])
        here: dict[str, Any] = {"ts": ts, "venue": at[0], "symbol": at[1]}
        there = alive.setdefault(at, {})
        side = rng.choice("AB")
        price = (100 + (rng.randint(0, 3) if side == "A" else -rng.randint(0, 3))) * CENT
        what = rng.choice("AAAAACCMTTHHRX") if there else "A"
        one = rng.choice(list(there.values())) if there else Order("A")
        part = rng.randint(1, max(1, one.size))
        if what == "A":
            there[ident] = Order("A", ident, side, price, rng.randint(1, 500), **here)
            orders.append(there[ident])
        elif what == "C":
            orders.append(replace(one, action="C", size=part, **here))
            there[one.ident] = replace(one, size=one.size - part)
        elif what == "M":
            there[one.ident] = replace(one, price=price if one.side == side else one.price, size=rng.randint(1, 500))
            orders.append(replace(there[one.ident], action="M", **here))
        elif what == "T":
            aggressor = "A" if one.side == "B" else "B"
            orders.append(Order("T", 0, aggressor, one.price, part, last=False, **here))
            orders.append(Order("F", one.ident, one.side, one.price, part, last=False, **here))
            orders.append(replace(one, action="C", size=part, last=True, **here))
            there[one.ident] = replace(one, size=one.size - part)
        elif what == "H":
            orders.append(Order("T", 0, "N", 100 * CENT, 7, **here))
        elif what == "X":
            orders.append(Order("C", 10**9 + ident, side, price, 5, **here))  # of an order that is not on the file
        elif what == "R" and rng.random() < 0.2:
            orders.append(Order("R", **here))
            there.clear()
        alive[at] = {number: order for number, order in there.items() if order.size > 0}
    return orders


@given(st.integers(0, 10**9), st.integers(1, 150))
@settings(max_examples=40, deadline=None)
def test_the_top_of_book_is_that_of_a_slow_book(seed: int, events: int) -> None:
    orders = [Order("A", 10**8, "B", 90 * CENT, 1), *random_day(random.Random(seed), events)]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), orders)
        assert snapshots(open_tape(path, symbol="AAPL")) == oracle(slowly(orders))
        convert(path, Path(folder) / "day.parquet")
        assert snapshots(open_tape(Path(folder) / "day.parquet", symbol="AAPL")) == oracle(slowly(orders))


def test_a_feed_without_the_flag_ends_events_with_their_time(tmp_path: Path) -> None:
    orders = [one for one in random_day(random.Random(1), 300) if one.action != "T"]
    orders = [replace(one, ts=T0 + place) for place, one in enumerate(orders)]
    flagged = columns(open_tape(written(tmp_path, orders), symbol="AAPL"))
    bare = written(tmp_path, [replace(one, last=False) for one in orders])
    assert same_columns(columns(open_tape(bare, symbol="AAPL")), flagged)


def test_hidden_executions_are_of_unknown_side_and_said(tmp_path: Path) -> None:
    orders = [
        Order("A", 1, "B", 99 * CENT, 300),
        Order("A", 2, "A", 101 * CENT, 200),
        Order("T", 0, "N", 100 * CENT, 50, T0 + 5),
        Order("T", 0, "A", 99 * CENT, 100, T0 + 9, last=False),
        Order("F", 1, "B", 99 * CENT, 100, T0 + 9, last=False),
        Order("C", 1, "B", 99 * CENT, 100, T0 + 9),
    ]
    source = open_tape(written(tmp_path, orders))
    found = snapshots(source)
    assert [one.trades for one in found] == [
        (),
        (Trade(2, 100 * CENT, 50, "H"),),
        (Trade(2, 99 * CENT, 100, "A"),),
    ]
    assert (found[-1].quotes[0].bid_px, found[-1].quotes[0].bid_sz) == (99 * CENT, 200)
    assert source.tape_facts().notes == (
        "every-order.dbn: 1 trades met hidden orders: they are of unknown side and leave displayed queues as they are.",
    )


def test_the_snapshot_at_the_start_is_of_the_time_at_which_it_was_taken(tmp_path: Path) -> None:
    days_ago = Order("A", 1, "B", 99 * CENT, 300, T0 - 10**14, last=False, flags=SNAPSHOT)
    taken = replace(days_ago, ident=2, side="A", price=101 * CENT, last=True)
    path = tmp_path / "t.dbn"
    parts = []
    for one in (days_ago, taken):
        made = bytearray(one.encoded())
        made[40:48] = (T0 + 1).to_bytes(8, "little")  # ts_recv
        parts.append(bytes(made))
    path.write_bytes(header("MBO") + b"".join(parts))
    (only,) = snapshots(open_tape(path))
    assert (only.ts, only.quotes[0].bid_sz, only.quotes[0].ask_sz) == (T0 + 1, 300, 300)


def test_a_publisher_of_the_best_level_alone_replaces_it(tmp_path: Path) -> None:
    levels = [(99, 300), (98, 100), (97, 50)]
    orders = [
        Order("A", 0, "B", price * CENT, size, T0 + place, flags=TOP_OF_BOOK)
        for place, (price, size) in enumerate(levels)
    ]
    orders.append(Order("A", 0, "B", NO_PRICE, 0, T0 + 3, flags=TOP_OF_BOOK))
    found = snapshots(open_tape(written(tmp_path, orders)))
    wanted = [(price * CENT, size) for price, size in levels]
    assert [(one.quotes[0].bid_px, one.quotes[0].bid_sz) for one in found] == [*wanted, (NO_PRICE, 0)]


def test_orders_that_the_file_has_not_are_said(tmp_path: Path) -> None:
    orders = [Order("A", 1, "B", 99 * CENT, 300), Order("C", 7, "B", 99 * CENT, 10, T0 + 1)]
    assert "1 records are about orders" in " ".join(open_tape(written(tmp_path, orders)).tape_facts().notes)


def test_beside_the_vendors_own_quotes_these_are_left_out(tmp_path: Path) -> None:
    orders = written(tmp_path, [Order("A", 1, "B", 50 * CENT, 9)])
    quotes = tmp_path / "quotes.dbn"
    quotes.write_bytes(header() + record(Row(T0)))
    assert snapshots(open_tape([orders, quotes])) == snapshots(open_tape(quotes))


def test_a_file_with_no_order_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs records of mbo"):
        open_tape(written(tmp_path, []))
