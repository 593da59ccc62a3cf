"""Small tapes, a sweep run as people run it, and a real Dask cluster over TCP on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sor.sweep.plan import SweepPlan, plan
from sor.sweep.request import SweepRequest
from sor.sweep.run import SweepProgress, sweep
from sor.sweep.store import Store, read_table
from sor.synth.csv_file import write_tape
from sor.synth.tape import SynthSpec

MINUTE = 60 * 10**9
DAY = 86_400 * 10**9
MONDAY = 1_717_421_400 * 10**9  # 2024-06-03T13:30:00Z


def make_tape(
    path: Path, *, day: int = 0, minutes: float = 1, seed: int = 1, venues: int = 3, symbols: Sequence[str] = ("SYNT",)
) -> Path:
    spec = SynthSpec(venues, int(minutes * MINUTE), seed, tuple(symbols), MONDAY + day * DAY, activity=300)
    for _ in write_tape(spec, path):
        pass
    return path


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three days of a minute each."""
    folder = tmp_path_factory.mktemp("days")
    return [make_tape(folder / f"day{day}.csv", day=day, seed=day + 1) for day in range(3)]


Sweep = Callable[..., Any]


def run_sweep(
    folder: Path, options: Mapping[str, Any], *, workers: int = 1, scheduler: str | None = None
) -> SweepProgress:
    """A sweep of options as in a TOML file into a folder."""
    with Store(folder, planned(options)).opened() as store:
        return sweep(store, lambda tally: None, workers=workers, scheduler=scheduler)


def planned(options: Mapping[str, Any]) -> SweepPlan:
    return plan(SweepRequest.from_mapping(options))


def rows(folder: Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(folder, columns).to_pylist()
    return found


@dataclass
class Cluster:
    """A `dask scheduler` and `dask worker` processes, ours to kill."""

    folder: Path
    port: int = 0
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.scheduler = self._dask("scheduler", "--port", str(self.port))
        for number in range(2):
            self.add_worker(f"w{number}-{self.port}")

    def add_worker(self, name: str) -> None:
        local = str(self.folder / name)
        options = ("--name", name, "--nthreads", "1", "--no-nanny", "--local-directory", local)
        self.workers.append(self._dask("worker", self.address, *options))

    def stop(self) -> None:
        for process in [*self.workers, self.scheduler]:
            if process is not None and process.poll() is None:
                process.kill()
            if process is not None:
                process.wait()
        self.workers, self.scheduler = [], None

    def _dask(self, *args: str) -> subprocess.Popen[bytes]:
        loopback = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
        with (self.folder / f"{args[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + f"dask_{args[0]}", *args[1:], *loopback],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    pytest.importorskip("distributed")
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


def sor_sweep(*args: object) -> subprocess.Popen[str]:
    """`sor sweep ARGS` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sor", "sweep", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


def wait_for_parts(folder: Path, count: int, process: subprocess.Popen[str], patience: float = 120) -> None:
    """Until so many files of results are there; the sweep must still be at work then."""
    give_up = time.monotonic() + patience
    while len(list(folder.glob("results/*/*/cells-*.parquet"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.02)
    assert process.poll() is None, "it was over before it could be disturbed"
