"""One TWAP order on one tape of several venues, in this engine, hftbacktest 2.4 and nautilus_trader 1.221.

    python benchmarks/twap.py TAPE [--quantity 3850] [--interval 60] [--rounds 3]

Each engine replays every quote and trade of every venue, keeps the best quotes, and at each interval takes what is
behind the schedule at the lowest ask. Printed is the processor's time of the replay alone, the data being in the form
that each engine wants; what each bought, and at which average, shows that the work was done. What each one leaves out:
benchmarks/engine.md. The peers live in virtual environments of their own, and one that is not there is left out:

    python -m venv .venv-bench && .venv-bench/bin/pip install 'hftbacktest==2.4.*'
    python -m venv .venv-nautilus && .venv-nautilus/bin/pip install 'nautilus_trader==1.221.*'
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.market.batch import SnapshotBatch, concat
from sor.core.order import ParentOrder, Rules, Side
from sor.core.schedule import Schedule
from sor.core.strategies.simple import Twap
from sor.core.units import NANO
from sor.tapes import open_tape

HERE = Path(__file__).resolve().parent
PEERS = {"hftbacktest": HERE.parent / ".venv-bench/bin/python", "nautilus": HERE.parent / ".venv-nautilus/bin/python"}


@dataclass(frozen=True, slots=True)
class Replay:
    """seconds: of the processor, one a round. average: dollars a share, before fees."""

    seconds: tuple[float, ...]
    shares: int
    average: float


def ours(batches: list[SnapshotBatch], schedule: Schedule, quantity: int, rounds: int) -> Replay:
    seconds, shares, cash = [], 0, 0
    for _ in range(rounds):
        began = time.process_time()
        order = ParentOrder(Side.BUY, quantity, schedule.start, schedule.end)
        session = Session.for_order(order, Rules(NO_FEES), [Twap(schedule)])
        for batch in batches:
            session.on_batch(batch)
        fills = session.result().results["twap"].fills
        seconds.append(time.process_time() - began)
        shares, cash = sum(fill.qty for fill in fills), sum(fill.qty * fill.px for fill in fills)
    return Replay(tuple(seconds), shares, cash / shares / NANO)


def save(batches: list[SnapshotBatch], schedule: Schedule, quantity: int, path: Path) -> None:
    """The tape as columns, quotes and trades with their own times, and the order as (time, cumulative target)."""
    tape = concat(batches)
    rows = np.arange(len(tape.ts))
    quoted = np.repeat(rows, np.diff(tape.quote_end, prepend=0))
    traded = np.repeat(rows, np.diff(tape.trade_end, prepend=0))
    quotes = {name: getattr(tape, name) for name in ("venue", "bid_px", "bid_sz", "ask_px", "ask_sz")}
    trades = {name: getattr(tape, name) for name in ("trade_venue", "trade_px", "trade_sz", "trade_side")}
    slices = range(schedule.slices)
    np.savez(
        path,
        ts=tape.ts[quoted],
        trade_ts=tape.ts[traded],
        at=[schedule.begins(i) for i in slices],
        target=[schedule.target(i) for i in slices],
        **quotes,
        **trades,
    )


def peer(name: str, path: Path, rounds: int) -> Replay | None:
    if not PEERS[name].exists():
        return None
    command = [str(PEERS[name]), str(HERE / f"twap_{name}.py"), str(path), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}")
    found = json.loads(done.stdout)
    return Replay(tuple(found["seconds"]), found["shares"], found["average"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tape", type=Path)
    parser.add_argument("--quantity", type=int, default=3_850)
    parser.add_argument("--interval", type=int, default=60, help="seconds; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    source = open_tape(asked.tape)
    bounds = source.bounds()
    assert bounds is not None
    batches = list(source.batches())
    schedule = Schedule.for_order(ParentOrder(Side.BUY, asked.quantity, *bounds), asked.interval * NANO)
    snapshots = sum(len(batch.ts) for batch in batches)
    own = ours(batches, schedule, asked.quantity, asked.rounds)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tape.npz"
        save(batches, schedule, asked.quantity, path)
        found = {"sor": own, **{name: peer(name, path, asked.rounds) for name in PEERS}}
    print(f"{'':14}{'snapshots/s':>14}{'seconds':>9}{'by sor':>8}{'shares':>9}{'average':>11}")
    for name, replay in found.items():
        if replay is None:
            print(f"{name:14}not installed")
            continue
        best = min(replay.seconds)
        ratio = best / min(own.seconds)
        print(f"{name:14}{snapshots / best:>14,.0f}{best:>9.3f}{ratio:>8.2f}{replay.shares:>9,}{replay.average:>11.4f}")


if __name__ == "__main__":
    main()
