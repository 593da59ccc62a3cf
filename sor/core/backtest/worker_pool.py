"""Others who work on the same stream at the same time, as a backtest sees them.

A task is a plain value that can be sent to another process, and has its answer from the stream alone. So it does not
matter who works it, or when.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from sor.core.backtest.sessions import Stream

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Task(Protocol[T_co]):
    def work(self, stream: Stream) -> T_co: ...


@runtime_checkable
class WorkerPool(Protocol):
    """others: how many there are beside us, one at least; venues: of the stream, ascending, as far as they
    are known before it is read."""

    @property
    def others(self) -> int: ...

    @property
    def venues(self) -> tuple[int, ...]: ...

    def submit(self, tasks: Sequence[Task[T]]) -> Callable[[], list[T]]:
        """Begin with the tasks, at most one a worker; what is returned waits for the answers, in the tasks' order."""
        ...
