"""What keeps a due snapshot waiting, out of the way for as long as a paced run lasts."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

TURN_SECONDS = 0.000_05  # kafka-python's thread has its turn for five milliseconds otherwise


class RealtimePriority:
    """Real-time priority for this thread and those it starts, where the system allows it: for root, and with a limit
    `rtprio` of 1 or more. At ordinary priority a wake-up waits until the thread that has the processor has had its
    turn, which is milliseconds as soon as both processors are busy. Elsewhere, and for most users, it does nothing.
    """

    def __init__(self) -> None:
        self._before: tuple[int, os.sched_param] | None = None

    def __enter__(self) -> RealtimePriority:
        try:
            before = os.sched_getscheduler(0), os.sched_getparam(0)
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            self._before = before
        except (AttributeError, OSError):  # no such call (macOS), or no right to it
            pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def give_back(self) -> None:
        """A thread that never sleeps must not be first: all others would wait for it."""
        if self._before is not None:
            os.sched_setscheduler(0, *self._before)
            self._before = None


@contextmanager
def undisturbed() -> Iterator[RealtimePriority]:
    """Short turns of the threads, no collection of garbage among all that was ever imported (twenty milliseconds), and
    first in line for the processor. Connect inside, so that the connection's threads are first in line too.
    """
    turn = sys.getswitchinterval()
    freeze = not gc.get_freeze_count()  # else somebody else has seen to that
    sys.setswitchinterval(TURN_SECONDS)
    if freeze:
        gc.collect()
        gc.freeze()
    try:
        with RealtimePriority() as first:
            yield first
    finally:
        sys.setswitchinterval(turn)
        if freeze:
            gc.unfreeze()
