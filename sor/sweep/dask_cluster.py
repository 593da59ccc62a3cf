"""Chunks on a running Dask cluster: `sor sweep --scheduler tcp://host:8786`."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from sor.errors import InputError, MissingExtraError, SorError
from sor.sweep.local_pool import AHEAD, LOST, Finished
from sor.sweep.plan import Chunk
from sor.sweep.shares import Shares
from sor.sweep.worker import work

ANSWER = 10.0  # seconds for the scheduler to answer
WORKERS = 30.0  # seconds for a first worker to come
SILENCE = 10.0  # seconds without the scheduler until we give up
CHECK_SECONDS = 2.0  # seconds after which we look again which workers there are
_ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|wss?)://)?(?:\[[^\]\s]+\]|[^\[\]\s:/]+):(\d{1,5})/?")


def check_address(address: object) -> str:
    """`tcp://HOST:PORT`, with or without its scheme. InputError for anything else.

    A client that was made with anything else says why, and then what it left behind waits 20 s and prints a traceback.
    """
    found = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if found is None or not 0 < int(found[1]) < 65_536:
        raise InputError(f"--scheduler {address!r}: is no address of a scheduler, such as tcp://127.0.0.1:8786")
    return found[0]


def run_on_cluster(chunks: Iterable[Chunk], address: str) -> Iterator[Finished]:
    """On the workers of the scheduler at `address`. SorError where it does not answer, or is lost on the way.

    Workers that die are the scheduler's business: it gives their chunks to others.
    """
    with _client(address) as client:
        _wait_for_a_worker(client, address)
        _check_versions(client, address)
        yield from _Cluster(client, address, Shares(chunks)).run()


class _Cluster:
    """Chunks given out a few at a time, so that a year of tapes is never in the scheduler's memory at once; each to a
    worker that is at their tape, as in a pool on this machine."""

    def __init__(self, client: Any, address: str, shares: Shares) -> None:
        self._client = client
        self._address = address
        self._shares = shares
        self._workers: dict[str, int] = {}  # threads by address
        self._checked_at: float | None = None
        self._given = Counter[str]()  # chunks by the address they were given to
        self._busy: dict[str, tuple[Any, Chunk, str]] = {}
        self._done: SimpleQueue[str] = SimpleQueue()

    def run(self) -> Iterator[Finished]:
        silent = 0.0
        while self._shares or self._busy:
            self._assign()
            try:
                key = self._done.get(timeout=1.0)
            except Empty:
                silent = 0.0 if self._client.status == "running" else silent + 1.0
                if silent >= SILENCE or self._client.status in ("closed", "closing"):
                    raise self._lost() from None
                continue
            yield self._finished(key)

    def _assign(self) -> None:
        """Give everyone something to do."""
        self._look()
        for worker, threads in self._workers.items():
            while (given := self._given[worker]) < threads or (
                given < threads * AHEAD and self._shares.has_more(worker)
            ):
                chunk = self._shares.next(worker)
                if chunk is None:
                    break
                self._submit(chunk, worker)

    def _look(self) -> None:
        """Which workers there are: they come and go."""
        now = time.monotonic()
        if self._checked_at is None or now - self._checked_at >= CHECK_SECONDS:
            with suppress(Exception):  # a scheduler that is lost shows in what it was given
                self._workers = dict(self._client.nthreads())
            self._checked_at = now

    def _submit(self, chunk: Chunk, worker: str) -> None:
        # The key is new in every run: what an earlier run left in the scheduler's memory is not ours.
        key = f"sor-{chunk.name}-{id(self):x}"
        try:
            # Others do it where this worker dies.
            future = self._client.submit(work, chunk, key=key, pure=False, workers=[worker], allow_other_workers=True)
        except Exception:
            raise self._lost() from None
        self._busy[key] = (future, chunk, worker)
        self._given[worker] += 1
        future.add_done_callback(lambda done: self._done.put(done.key))

    def _finished(self, key: str) -> Finished:
        from distributed.scheduler import KilledWorker

        future, chunk, worker = self._busy.pop(key)
        self._given[worker] -= 1
        if future.cancelled() or future.status == "lost":
            raise self._lost()
        try:
            error = future.exception()
            return chunk, future.result() if error is None else _why(error, KilledWorker)
        except (OSError, TimeoutError):
            raise self._lost() from None

    def _lost(self) -> SorError:
        return SorError(
            f"the scheduler at {self._address} is gone; what was done before is kept: give the same command again "
            "when it is back"
        )


def _why(error: BaseException, killed: type[BaseException]) -> str:
    if isinstance(error, killed):
        return LOST
    return f"{type(error).__name__}: {error}"


@contextmanager
def _client(address: str) -> Iterator[Any]:
    check_address(address)
    try:
        import dask
        import distributed
    except ImportError:
        raise MissingExtraError("sor sweep --scheduler", "sweep") from None
    make: Any = distributed.Client
    # It logs every lost connection as an error with a traceback; ours is the one line at the end.
    for name in ("asyncio", "tornado.application", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("asyncio", "tornado", "distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with dask.config.set({"distributed.comm.timeouts.connect": f"{ANSWER:g}s"}):
        try:
            client = make(address, timeout=ANSWER, set_as_default=False)
        except ValueError as error:
            raise InputError(f"--scheduler {address!r}: {' '.join(str(error).split())}") from None
        except Exception as error:
            raise SorError(
                f"--scheduler {address}: no answer ({type(error).__name__}): is `dask scheduler` running there?"
            ) from None
        try:
            yield client
        finally:
            client.close(timeout=2)


def _wait_for_a_worker(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS)
    except Exception:
        raise SorError(
            f"--scheduler {address}: no worker came within {WORKERS:g} s: start one with `dask worker {address}`"
        ) from None


def _check_versions(client: Any, address: str) -> None:
    """The same table on every machine needs the same program on every machine."""
    import sor

    try:
        found = set(client.run(_version).values())
    except Exception as error:
        raise SorError(f"--scheduler {address}: its workers have no sor-backtest ({error})") from None
    if found - {sor.__version__}:
        raise SorError(
            f"--scheduler {address}: its workers have sor-backtest {', '.join(sorted(found))}, and here it is "
            f"{sor.__version__}: install the same version everywhere"
        )


def _version() -> str:
    import sor

    return sor.__version__
