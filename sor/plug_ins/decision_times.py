"""How long a strategy of one's own takes for a decision, and an end to the one that never answers.

The simulated market waits for a decision however long it takes, so a slow router looks as good as a quick one.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from types import FrameType
from typing import Any

from sor.core.strategies.plug_in import PlugIn
from sor.errors import StrategyError

SLOW = 0.01  # seconds of a decision
PATIENCE = 30  # seconds until a decision is given up


@dataclass(slots=True)
class DecisionTimes:
    """Seconds of each decision by `clock`; began: of the one that is being made."""

    name: str
    clock: Callable[[], float]
    seconds: list[float] = field(default_factory=list)
    began: float | None = None

    @property
    def typical(self) -> float:
        return median(self.seconds) if self.seconds else 0.0

    @property
    def slowest(self) -> float:
        return max(self.seconds, default=0.0)

    def timed(self, plug_in: PlugIn) -> PlugIn:
        """The same, timed."""
        candidates = tuple(map(self.timed, plug_in.candidates))
        return replace(plug_in, make=lambda: _Timed(plug_in.make(), self), candidates=candidates)

    def remark(self) -> str | None:
        """One sentence on a slow one."""
        if self.typical < SLOW:
            return None
        return (
            f"{self.name} is slow: {in_words(self.typical)} a decision, {in_words(self.slowest)} the slowest; "
            "the simulated market waits for it (--latency-us makes it pay)"
        )

    @contextmanager
    def patience(self) -> Iterator[None]:
        """StrategyError, with its file and line, for a decision that takes longer than PATIENCE. Only the main thread
        of a system with interval timers can be interrupted; elsewhere nothing happens."""
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, 1, 1)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        if self.began is not None and self.clock() - self.began > PATIENCE:
            at = f" at {frame.f_code.co_filename}, line {frame.f_lineno}" if frame else ""
            raise StrategyError(f"{self.name} has not answered for {PATIENCE} s{at}")


def in_words(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:,.1f} ms"


class _Timed:
    """Passes calls on. It has the methods that the strategy has: they say of which kind it is."""

    def __init__(self, inner: Any, times: DecisionTimes) -> None:
        for name in ("begin", "allocate", "decide", "target"):
            if hasattr(inner, name):
                setattr(self, name, _timed(getattr(inner, name), times))


def _timed(method: Callable[..., Any], times: DecisionTimes) -> Callable[..., Any]:
    def ask(*arguments: Any) -> Any:
        times.began = times.clock()
        try:
            return method(*arguments)
        finally:
            times.seconds.append(times.clock() - times.began)
            times.began = None

    return ask
