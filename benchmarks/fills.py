"""Do our resting orders fill as hftbacktest's do, and where not, which of the two does the tape bear out?

    python benchmarks/fills.py [TAPE ...] [--orders 1400] [--seconds 10] [--quantity 500]

Of each tape (default: the bundled one) that many buy orders, spread over its venues and its time, each joining the
queue at its venue's best bid behind what is displayed, without latency, for that many seconds; conservative beside
risk_adverse_queue_model, power:3 beside power_prob_queue_model3(3), partial fills. Both engines see the same snapshots
of the order's venue. Every order that they fill differently is put into one class by what its venue showed while it
rested (`Evidence`), and what no class explains is listed. hftbacktest runs in .venv-bench (`make bench` makes it).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.market.batch import SnapshotBatch, Trade
from sor.core.order import Fill, FillReason, ParentOrder, QueueModel, Rules, Side
from sor.core.strategies.interface import Plan, Rest, View
from sor.core.units import NANO
from sor.tapes import open_tape

PEER_PYTHON = Path(".venv-bench/bin/python")
MODELS = {"risk": QueueModel.CONSERVATIVE, "3": QueueModel.POWER_3}
NAMES = {"risk": "risk_adverse / conservative", "3": "power_prob 3 / power:3"}


@dataclass(slots=True)
class VenueTape:
    """One venue's snapshots: ts, bid_px, bid_sz, ask_px, ask_sz a row, and the trades of each row before its quote.

    A row without a quote of its own repeats the last one.
    """

    rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    trades: dict[int, list[Trade]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True)
class RestingBuy:
    """An order of the comparison: joins at the snapshot `at`, rests at `px` through `until`."""

    venue: int
    at: int
    px: int
    until: int


@dataclass(slots=True)
class RestOnce:
    """The strategy that is one such order."""

    name: str
    order: RestingBuy
    quantity: int
    asked: bool = False

    def decide(self, view: View) -> Plan:
        if view.ts < self.order.at:
            return Plan(wake=self.order.at)
        return Plan(rests=(Rest(self.order.venue, self.order.px, self.quantity, self.order.until),))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an order's venue showed while it rested, in shares.

    quoted: offered by its ask at the order's price or below, each growth once; below: traded below the price (for a
    buy order) and not by a buyer; sales: how many trades hit the price itself, and not by a buyer.
    """

    quoted: int
    below: int
    sales: int


def venue_tapes(batches: Iterable[SnapshotBatch]) -> dict[int, VenueTape]:
    found: dict[int, VenueTape] = defaultdict(VenueTape)
    for batch in batches:
        for snapshot in batch.snapshots():
            quotes = {quote.venue: quote for quote in snapshot.quotes}
            for venue in sorted(quotes.keys() | {trade.venue for trade in snapshot.trades}):
                tape = found[venue]
                for trade in snapshot.trades:
                    if trade.venue == venue:
                        tape.trades[len(tape.rows)].append(trade)
                quote = quotes.get(venue)
                if quote is not None:
                    tape.rows.append((snapshot.ts, quote.bid_px, quote.bid_sz, quote.ask_px, quote.ask_sz))
                else:
                    tape.rows.append((snapshot.ts, *(tape.rows[-1][1:] if tape.rows else (0, 0, 0, 0))))
    return dict(found)


def orders_of(tapes: dict[int, VenueTape], count: int, rest: int, end: int) -> list[RestingBuy]:
    """Evenly spaced over each venue's rows at which both sides have a quote."""
    orders = []
    for venue, tape in sorted(tapes.items()):
        rows = [row for row in tape.rows if row[2] and row[4] and row[1] < row[3] and row[0] + rest < end]
        wanted = count // len(tapes)
        chosen = {len(rows) * i // wanted for i in range(wanted)}
        orders += [RestingBuy(venue, rows[i][0], rows[i][1], rows[i][0] + rest) for i in sorted(chosen)]
    return orders


def ours(
    batches: Sequence[SnapshotBatch], orders: Sequence[RestingBuy], quantity: int, model: QueueModel
) -> list[list[Fill]]:
    """What each order made."""
    first, last = int(batches[0].ts[0]), int(batches[-1].ts[-1])
    strategies = [(RestOnce(str(i), order, quantity), model) for i, order in enumerate(orders)]
    session = Session.for_order(ParentOrder(Side.BUY, quantity, first, last), Rules(NO_FEES), strategies, queues=True)
    for batch in batches:
        session.on_batch(batch)
    results = session.result().results
    return [[fill for fill in results[str(i)].fills if fill.is_maker] for i in range(len(orders))]


def made_at_price(tape: VenueTape, order: RestingBuy, fills: Sequence[Fill]) -> int:
    """Shares of instants at which nothing traded below the order's price."""
    times = [row[0] for row in tape.rows]
    made = 0
    for fill in fills:
        row = bisect_left(times, fill.ts)
        if fill.reason is FillReason.TRADED and all(trade.px >= order.px for trade in tape.trades.get(row, ())):
            made += fill.qty
    return made


def theirs(tape: VenueTape, orders: Sequence[RestingBuy], quantity: int, folder: Path) -> dict[str, list[int]]:
    path = folder / "venue.npz"
    columns = np.array(tape.rows, np.int64).T
    trades = [(row, trade) for row in sorted(tape.trades) for trade in tape.trades[row]]
    np.savez(
        path,
        **dict(zip(("ts", "bid_px", "bid_sz", "ask_px", "ask_sz"), columns, strict=True)),
        trade_row=np.array([row for row, _ in trades], np.int64),
        trade_px=np.array([trade.px for _, trade in trades], np.int64),
        trade_sz=np.array([trade.sz for _, trade in trades], np.int64),
        trade_sells=np.array([_sells(tape, row, trade) for row, trade in trades], bool),
        at=np.array([order.at for order in orders], np.int64),
        px=np.array([order.px for order in orders], np.int64),
        until=np.array([order.until for order in orders], np.int64),
    )
    run = [str(PEER_PYTHON), "benchmarks/fills_peer.py", str(path), *MODELS]
    printed = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {model: [min(quantity, filled) for filled in found] for model, found in json.loads(printed).items()}


def _sells(tape: VenueTape, row: int, trade: Trade) -> bool:
    """The peer knows two sides only: an unknown one is a seller's where the price is not the ask's before it."""
    ask = tape.rows[row - 1][3] if row else 0
    return trade.side == "A" or (trade.side == "N" and not ask <= trade.px)


def evidence(tape: VenueTape, order: RestingBuy) -> Evidence:
    first, last = np.searchsorted([row[0] for row in tape.rows], [order.at, order.until], "right").tolist()
    quoted = below = sales = 0
    run_px, shown = 0, 0
    for row in range(first, last):
        for trade in tape.trades.get(row, ()):
            if trade.side != "B":
                below += trade.sz * (trade.px < order.px)
                sales += trade.px == order.px
        ask, ask_sz = tape.rows[row][3:]
        if ask != run_px or not ask_sz:
            run_px, shown = ask, 0
        if ask_sz and ask <= order.px:
            quoted += max(0, ask_sz - shown)
            shown = max(shown, ask_sz)
    return Evidence(quoted, below, sales)


def class_of(found: Evidence, more: int, at_price: int, peer: int) -> str:
    """more: shares that the peer filled beyond ours; at_price: what ours had of trades at the price itself."""
    beyond = peer > found.quoted + found.below + at_price
    if more > 0 and found.quoted and beyond:
        return "a quote at or through the price fills all of the order, not the shares that it offers"
    if more > 0 and found.below and beyond:
        return "a trade below the price fills all of the order, not the shares that were sold"
    if 0 < more <= found.sales and not found.quoted and not found.below:
        return "a part of a share that got through the queue is rounded up to a whole one"
    return "not explained"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tapes", nargs="*", type=Path, default=[Path("data/synth-5-venues-10-min.csv.gz")])
    for name, default in (("orders", 1_400), ("seconds", 10), ("quantity", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    wanted = parser.parse_args(arguments)
    if not PEER_PYTHON.exists():
        sys.exit("no .venv-bench: `make bench` makes it")
    with TemporaryDirectory() as folder:
        for path in wanted.tapes:
            compare(path, wanted.orders, wanted.seconds * NANO, wanted.quantity, Path(folder))


def compare(path: Path, count: int, rest: int, quantity: int, folder: Path) -> None:
    batches = list(open_tape(path).batches())
    tapes = venue_tapes(batches)
    orders = orders_of(tapes, count, rest, int(batches[-1].ts[-1]))
    peers: dict[str, dict[int, int]] = {model: {} for model in MODELS}
    for venue, tape in tapes.items():
        numbers = [i for i, order in enumerate(orders) if order.venue == venue]
        for model, filled in theirs(tape, [orders[i] for i in numbers], quantity, folder).items():
            peers[model] |= zip(numbers, filled, strict=True)
    for model, queue_model in MODELS.items():
        fills = ours(batches, orders, quantity, queue_model)
        mine, classes = [sum(fill.qty for fill in made) for made in fills], Counter[str]()
        for i, order in enumerate(orders):
            peer, tape = peers[model][i], tapes[order.venue]
            if peer != mine[i]:
                at_price = made_at_price(tape, order, fills[i])
                classes[class_of(evidence(tape, order), peer - mine[i], at_price, peer)] += 1
        print(f"{path.name}, {NAMES[model]}: {len(orders)} orders of {quantity} shares for {rest // NANO} s")
        print(f"  filled: ours {sum(mine):,} shares, theirs {sum(peers[model].values()):,}")
        print(f"  {len(orders) - classes.total():>5} equal")
        for label, number in sorted(classes.items()):
            print(f"  {number:>5} {label}")


if __name__ == "__main__":
    main()
