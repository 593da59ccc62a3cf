"""Worker processes as the screen holds them: started, given orders, listened to, and ended without a trace."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from textual.message import Message

from sor.files.writing import private_dir, private_opener
from sor.paths import state_dir
from tui.messages import (
    BrokerDone,
    BrokerState,
    Control,
    Event,
    Examined,
    Failed,
    Finished,
    Gone,
    KeptFills,
    Saved,
    TapeSummary,
    WorkerTask,
)

LAST = (Finished, Failed, Saved, KeptFills, TapeSummary, BrokerDone, Examined)
# One thread of a worker does the work: more than one arena of the system's allocator is memory for nothing (8 MB).
FRUGAL = {"MALLOC_ARENA_MAX": "1"}


class Worker:
    """One process for one task. `on_event` is called with (this worker, event), from a thread."""

    def __init__(self, on_event: Callable[[Worker, Event], None]) -> None:
        ours, theirs = socket.socketpair()
        folder = state_dir()
        with suppress(OSError):
            private_dir(folder)
        try:
            log = open(folder / "tui.log", "ab", opener=private_opener)  # noqa: SIM115 (handed to the process)
        except OSError:
            log = open(os.devnull, "ab")  # noqa: SIM115
        with log, theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tui.worker", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=FRUGAL | os.environ,
                start_new_session=True,  # a Ctrl-C or a closed terminal is the screen's business
            )
        self._connection = Connection(ours.detach())
        self._on_event = on_event
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._ended = False  # by us

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, task: WorkerTask) -> None:
        """Give it its task and listen."""
        self._send(task)
        self._thread = threading.Thread(target=self._listen, name="worker", daemon=True)
        self._thread.start()

    def control(self, what: str, value: str = "") -> None:
        self._send(Control(what, value))

    def end(self) -> None:
        """End it at once: for tasks that lose nothing by it."""
        self._ended = True
        self._process.kill()  # does nothing once it has ended: its number may be another process's by then
        self._process.wait()
        if self._thread is None:
            self._connection.close()

    def wait(self, seconds: float) -> bool:
        """Whether its last word came in time."""
        if self._thread is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _send(self, message: WorkerTask | Control) -> None:
        with self._lock, suppress(OSError, ValueError):
            self._connection.send(message)

    def _listen(self) -> None:
        last: Event | None = None
        while not isinstance(last, LAST):
            try:
                last = self._connection.recv()
            except (EOFError, OSError):
                break
            self._on_event(self, last)
        over = isinstance(last, LAST)
        self._connection.close()
        code = self._process.wait()
        if not over and not self._ended and not isinstance(last, BrokerState):
            self._on_event(self, Gone(f"the worker process ended without a word (exit code {code})"))


class WorkerEvent(Message):
    """An event has come from a worker process: what its thread hands to the screen's."""

    def __init__(self, worker: Worker, event: Event) -> None:
        super().__init__()
        self.worker = worker
        self.event = event
