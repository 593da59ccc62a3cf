"""Mutated inputs over formats and surfaces: what comes out is a result or one clear error, never anything else.

    python benchmarks/fuzz.py [--seed N] [--minutes 3] [--inputs 100000] [--only codec,csv,...]

Ends after that many minutes or inputs, whichever comes first. Prints its seed, and at the end how many inputs each
surface took (benchmarks/fuzz_surfaces.py). An input that breaks the promise is kept beside the seed
(fuzz-SEED-SURFACE-N.bin in --keep) and the exit code is 1. All of it runs in one process: to start one a time would
take most of the time, and nothing that is tried here keeps anything from one input to the next.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from fuzz_surfaces import Take, mutated, surfaces
from kafka.errors import KafkaError

from sor.errors import SorError
from sor.stream.wire.decode import MessageError
from sor.text import plain

CLEAR = (SorError, MessageError)  # one line for the user, or a dead letter
# Their bytes are read by somebody else before they come to us: kafka-python, which the stream's readers expect to
# refuse batches, and Python's JSON, whose words the command gives.
BEFORE_US = {"record batch": (KafkaError,), "headers": (ValueError, TypeError), "place": (ValueError, RecursionError)}


@dataclass
class Count:
    """What one surface has taken."""

    tried: int = 0
    refused: int = 0
    broken: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--inputs", type=int, default=10**9, help="at most so many")
    parser.add_argument("--only", help="surfaces, with commas between")
    parser.add_argument("--keep", type=Path, default=Path("."), help="folder for inputs that break the promise")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["SOR_STATE"] = str(Path(scratch) / "state")
        counts = run(options, Path(scratch))
    for name, count in counts.items():
        print(f"{name:16} {count.tried:9,} inputs, {count.refused:9,} refused in words")
    broken = sum(count.broken for count in counts.values())
    print(f"{sum(count.tried for count in counts.values()):,} inputs, {broken} broke the promise")
    return 1 if broken else 0


def run(options: argparse.Namespace, folder: Path) -> dict[str, Count]:
    rng, known = random.Random(options.seed), surfaces(folder)
    chosen = options.only.split(",") if options.only else list(known)
    counts = {name: Count() for name in chosen}
    end = time.monotonic() + options.minutes * 60
    for _ in range(options.inputs):
        if time.monotonic() >= end:
            break
        name = rng.choice(chosen)
        good, take = known[name]
        one(options, name, counts[name], mutated(good, rng), take, folder)
    return counts


def one(options: argparse.Namespace, name: str, count: Count, data: bytes, take: Take, folder: Path) -> None:
    count.tried += 1
    try:
        take(data, folder)
    except CLEAR as error:
        count.refused += 1
        if not str(error).strip():  # an error without a word
            count.broken += 1
            _report(options, name, count.tried, data, error)
    except Exception as error:
        if isinstance(error, BEFORE_US.get(name, ())) and not _is_ours(error):
            count.refused += 1
            return
        count.broken += 1
        _report(options, name, count.tried, data, error)


def _is_ours(error: BaseException) -> bool:
    """Whether it comes from within sor; KafkaError is how a reader of ours refuses a batch."""
    return "/sor/" in traceback.extract_tb(error.__traceback__)[-1].filename and not isinstance(error, KafkaError)


def _report(options: argparse.Namespace, name: str, number: int, data: bytes, error: BaseException) -> None:
    path = options.keep / f"fuzz-{options.seed}-{name.strip('-').replace(' ', '-')}-{number}.bin"
    path.write_bytes(data)
    last = traceback.extract_tb(error.__traceback__)[-1]
    print(f"{name}: {type(error).__name__}: {plain(error)[:120]} at {last.filename}:{last.lineno}; kept in {path}")


if __name__ == "__main__":
    sys.exit(main())
