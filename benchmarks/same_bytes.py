"""Does a change of the code leave every byte of the result as it was? Random backtests, as digests.

    python benchmarks/same_bytes.py --write before.txt [--runs 60] [--tape FILE]...
    python benchmarks/same_bytes.py --check before.txt [--tape FILE]... [--workers N]

Before the change the digests are written, after it they are compared: of the report's JSON, and of every fill and child
order of every strategy. Each run draws a window of one of the tapes (the bundled one, a synthetic one that is made
first, and those that are named), and the options. `--check` ends with 1 and names the first runs that differ. With
--workers each run is shared by so many processes: its bytes are the same too.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sor.core.router.literature import BUILT_IN
from sor.core.units import NANO, parse_time
from sor.errors import SorError
from sor.paths import bundled_tape
from sor.report.build import build
from sor.report.encode import encode
from sor.request import BacktestRequest
from sor.running.backtest_workers import worker_pool
from sor.running.run import find, of_the_day, window_of
from sor.running.tape_source import tape_source
from sor.sources.source import TimelineSource
from sor.synth.csv_file import write_tape
from sor.synth.tape import SynthSpec

SEED = 17
SHOWN = 5

OFTEN: dict[str, tuple[Any, ...]] = {  # drawn in every run
    "side": ("buy", "sell"),
    "liquidity": ("consume", "consume", "replenish"),
    "queue_model": ("conservative", "conservative", "proportional", "optimistic", "power:2", "power:5"),
    "router_interval": (5, 5, 2, 10, 1.5),
    "shares_a_second": (0.5, 2, 2, 20, 200),
    "seconds": (60, 90, 150),
}
SELDOM: dict[str, tuple[Any, ...]] = {  # drawn in every third
    "strategy": ("static", "twap", "X_E", "X_M", *BUILT_IN),
    "latency_us": (150, 20_000, "500,2=80,43=310000"),
    "cancel_latency_us": (0, 5_000, 400_000),
    "child_lot": (100,),
    "child_min": (5,),
    "max_quote_age": (0.5, 20),
    "stale_crossed": (1,),
    "adverse_selection": (True,),
    "orders": (3,),
    "fees": ("none",),
    "theta_queue": ("0,0.5x,0.001", "0.2x"),
    "lambda_over": ("0.01,1.5x,3x",),
    "lambda_under": ("0.02,1.01x", "1.2x,2x,9x"),
    "max_shortfall": (1, 5),
    "limited": (True,),
}


def drawn_options(draw: random.Random) -> dict[str, Any]:
    """The options of one run, those of `plan` among them."""
    drawn = {name: draw.choice(values) for name, values in OFTEN.items()}
    for name in draw.sample(list(SELDOM), draw.choice((0, 1, 2, 3))):
        drawn[name] = draw.choice(SELDOM[name])
    return drawn


def plan(tape: list[str], source: TimelineSource, drawn: dict[str, Any], draw: random.Random) -> BacktestRequest:
    """A request on a stretch of the tape; half of them are early, where there is little to look back on."""
    timeline = source.timeline()
    seconds, rate = drawn.pop("seconds"), drawn.pop("shares_a_second")
    first, last = max(timeline.stretches, key=lambda stretch: stretch[1] - stretch[0])
    room = max(0, last - first - seconds * NANO)
    start = first + int(room * draw.choice((0.05, 0.3, 0.6, 1.0)) * draw.random())
    return BacktestRequest(
        tape=tape, start=start, end=min(last, start + seconds * NANO), quantity=max(1, int(rate * seconds)), **drawn
    )


def limit_price(source: TimelineSource, request: BacktestRequest) -> float:
    """A price that is reached for a part of the time: the arrival mid."""
    arrival2 = find(source, replace(request, strategy="static").spec()).outcome.arrival2
    assert arrival2 is not None
    return abs(arrival2) // 2 // 10**7 / 100


def digest(source: TimelineSource, request: BacktestRequest, workers: int) -> str:
    """Of the report, and of what each strategy sent and got."""
    spec = request.spec()
    window = window_of(source, spec)
    spec = of_the_day(spec, window)
    with worker_pool(request, spec, workers) as pool:
        found = find(source, spec, window=window, pool=pool)
    report = build(spec, found, source.tape_facts(), source.stream_facts(), source.form, request.asked())
    bytes_ = hashlib.sha256(encode(report.data).encode())
    for session in (found.outcome, *found.orders):
        for result in session.results.values():
            bytes_.update(repr((result.fills, result.orders)).encode())
    return bytes_.hexdigest()[:24]


def runs(tapes: list[list[str]], count: int, every: int, workers: int) -> Iterator[tuple[str, str]]:
    """What each run was, and its digest or the error that it ended with."""
    each = -(-count // len(tapes))
    for number, tape in enumerate(tapes):
        draw = random.Random(SEED + number)
        source = tape_source(BacktestRequest(tape=tape))
        for run in range(each):
            drawn = drawn_options(draw)
            said = " ".join(f"{name}={value}" for name, value in sorted(drawn.items()))
            limited = drawn.pop("limited", False)
            request = plan(tape, source, drawn, draw)
            if run % every:
                continue
            try:
                if limited:
                    request = replace(request, limit_price=limit_price(source, request))
                found = digest(source, request, workers)
            except SorError as error:  # a result as well: it must stay the same
                found = f"{type(error).__name__}: {error}"
            yield f"{number} {said}", found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", type=Path)
    options.add_argument("--check", type=Path)
    options.add_argument("--runs", type=int, default=60)
    options.add_argument("--every", type=int, default=1, help="only every n-th of them, for a first look")
    options.add_argument("--tape", action="append", default=[], help="one more tape; several files of it with commas")
    options.add_argument("--workers", type=int, default=1)
    args = options.parse_args()
    named: list[list[str]] = [text.split(",") for text in args.tape]
    with TemporaryDirectory() as folder:
        synthetic = Path(folder) / "synthetic.csv.gz"
        for _ in write_tape(SynthSpec(5, 300 * NANO, 7, ("SYNT",), parse_time("2024-06-03T13:30:00Z")), synthetic):
            pass
        began, lines = time.process_time(), list[str]()
        for said, found in runs([[str(bundled_tape())], [str(synthetic)], *named], args.runs, args.every, args.workers):
            lines.append(f"{found}\t{said}")
            print(lines[-1], file=sys.stderr, flush=True)
        print(f"{len(lines)} runs in {time.process_time() - began:.1f} s of processor")
    if args.write:
        args.write.write_text("\n".join(lines) + "\n")
    if args.check:
        each = -(-args.runs // (2 + len(named)))
        before = [line for i, line in enumerate(args.check.read_text().splitlines()) if i % each % args.every == 0]
        if len(before) != len(lines):
            sys.exit(f"{args.check}: {len(before)} runs, and {len(lines)} were made: give the --runs and --tape it had")
        differ = [pair for pair in zip(before, lines, strict=True) if pair[0] != pair[1]]
        for old, new in differ[:SHOWN]:
            print(f"- {old}\n+ {new}")
        sys.exit(f"{len(differ)} of {len(lines)} differ" if differ else 0)


if __name__ == "__main__":
    main()
