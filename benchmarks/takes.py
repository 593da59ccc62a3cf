"""Do our takes fill as nautilus_trader's market orders do on the same quotes?

    python benchmarks/takes.py [TAPE ...] [--orders 1400]

Of each tape (default: the bundled one) that many orders to buy, spread over its venues and its time, without latency:
in turn for half, all and twice of what the venue's ask displays at that instant. nautilus_trader has the venue's
quotes alone (an L1 book) and a market order; ours is one take. It runs in a virtual environment of its own:

    python -m venv .venv-nautilus && .venv-nautilus/bin/pip install 'nautilus_trader==1.221.*'
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from fills import VenueTape, venue_tapes

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.market.batch import SnapshotBatch
from sor.core.order import ParentOrder, QueueModel, Rules, Side
from sor.core.strategies.interface import Plan, Take, View
from sor.tapes import open_tape

PEER_PYTHON = Path(".venv-nautilus/bin/python")
SIZES = {"half": (1, 2), "all": (1, 1), "twice": (2, 1)}  # of what is displayed

Fills = list[tuple[int, int]]  # price in nanodollars, shares


@dataclass(frozen=True, slots=True)
class TakingOrder:
    """At the snapshot `at` take `quantity` shares of what `venue` displays. size: which of SIZES."""

    venue: int
    at: int
    quantity: int
    size: str


@dataclass(slots=True)
class TakeOnce:
    """The strategy that is one such order."""

    name: str
    order: TakingOrder

    def decide(self, view: View) -> Plan:
        if view.ts < self.order.at:
            return Plan(wake=self.order.at)
        return Plan(takes=(Take(self.order.venue, self.order.quantity),))


def orders_of(tapes: dict[int, VenueTape], count: int) -> list[TakingOrder]:
    """Evenly spaced over each venue's rows that have a quote of both sides."""
    orders = []
    for venue, tape in sorted(tapes.items()):
        rows = [row for row in tape.rows if row[2] and row[4] > 1]
        wanted = count // len(tapes)
        for i in range(wanted):
            ts, *_, shown = rows[len(rows) * i // wanted]
            size = list(SIZES)[i % len(SIZES)]
            times, parts = SIZES[size]
            orders.append(TakingOrder(venue, ts, shown * times // parts, size))
    return orders


def ours(batches: Sequence[SnapshotBatch], orders: Sequence[TakingOrder]) -> list[Fills]:
    first, last = int(batches[0].ts[0]), int(batches[-1].ts[-1])
    most = max(order.quantity for order in orders)
    strategies = [(TakeOnce(str(i), order), QueueModel.CONSERVATIVE) for i, order in enumerate(orders)]
    session = Session.for_order(ParentOrder(Side.BUY, most, first, last), Rules(NO_FEES), strategies)
    for batch in batches:
        session.on_batch(batch)
    results = session.result().results
    filled = [results[str(i)].fills for i in range(len(orders))]
    return [[(fill.px, fill.qty) for fill in fills if not fill.forced] for fills in filled]


def theirs(tape: VenueTape, orders: Sequence[TakingOrder], folder: Path) -> list[Fills]:
    path = folder / "venue.npz"
    np.savez(
        path,
        **dict(zip(("ts", "bid_px", "bid_sz", "ask_px", "ask_sz"), np.array(tape.rows, np.int64).T, strict=True)),
        at=np.array([order.at for order in orders], np.int64),
        quantity=np.array([order.quantity for order in orders], np.int64),
    )
    run = [str(PEER_PYTHON), "benchmarks/takes_peer.py", str(path)]
    printed = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [[(px, qty) for px, qty in fills] for fills in json.loads(printed.splitlines()[-1])]


def difference(mine: Fills, peer: Fills) -> str:
    if mine == peer:
        return "equal"
    if peer[: len(mine)] == mine:
        rest = peer[len(mine) :]
        return f"what is displayed is equal, the rest of theirs is {(rest[0][0] - mine[-1][0]) // 10**7} cents dearer"
    return "other"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tapes", nargs="*", type=Path, default=[Path("data/synth-5-venues-10-min.csv.gz")])
    parser.add_argument("--orders", type=int, default=1_400)
    wanted = parser.parse_args(arguments)
    if not PEER_PYTHON.exists():
        sys.exit("no .venv-nautilus: `--help` says how to make it")
    with TemporaryDirectory() as folder:
        for path in wanted.tapes:
            batches = list(open_tape(path).batches())
            tapes = venue_tapes(batches)
            orders = orders_of(tapes, wanted.orders)
            mine, found = ours(batches, orders), Counter[tuple[str, str]]()
            for venue, tape in tapes.items():
                numbers = [i for i, order in enumerate(orders) if order.venue == venue]
                peer = theirs(tape, [orders[i] for i in numbers], Path(folder))
                found.update(
                    (orders[i].size, difference(mine[i], fills)) for i, fills in zip(numbers, peer, strict=True)
                )
            print(f"{path.name}: {len(orders)} orders")
            for (size, label), count in sorted(found.items()):
                print(f"  {size:>5} of what is displayed: {count:>5} {label}")


if __name__ == "__main__":
    main()
