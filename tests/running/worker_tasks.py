"""Tasks for the tests of others: they are named by module, so that another process finds them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

from sor.core.backtest.sessions import Stream
from sor.errors import MissingExtraError


@dataclass(frozen=True)
class Count:
    """Snapshots of the stream."""

    def work(self, stream: Stream) -> int:
        print("what is printed is no answer")
        return sum(len(batch) for batch in stream())


@dataclass(frozen=True)
class Pid:
    """Of the worker, and how many threads its linear algebra may have."""

    def work(self, stream: Stream) -> tuple[int, str]:
        return os.getpid(), os.environ["OPENBLAS_NUM_THREADS"]


@dataclass(frozen=True)
class Die:
    def work(self, stream: Stream) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class NeverEnd:
    def work(self, stream: Stream) -> None:
        while True:
            time.sleep(0.1)


@dataclass(frozen=True)
class Fail:
    def work(self, stream: Stream) -> None:
        raise MissingExtraError("reading DBN", "dbn")
