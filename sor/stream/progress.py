"""How a stream is getting on, for any caller that shows it: plain numbers, and a line on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sor.text import say, terminal

LINE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """One look at a stream. done: share of the run from 0 to 1, None where unknown; lag: seconds behind the pace;
    unread: messages that the topic has and the reader has not read.
    """

    doing: str  # "reading", "sending", "waiting for the broker", ...
    messages: int
    rate: float = 0.0  # messages a second since the last look
    done: float | None = None
    remaining: float | None = None  # seconds
    lag: float | None = None
    unread: int | None = None
    note: str | None = None  # something that happened, worth a line of its own


Show = Callable[[StreamProgress], None]


def silent(_: StreamProgress) -> None:
    """For those who do not want to know."""


class Meter:
    """Makes a Progress from a count now and then, so that the loops stay fast."""

    def __init__(self, show: Show, every: float = 0.5) -> None:
        self._show, self._every = show, every
        self._at = self._began = time.monotonic()
        self._count = 0
        self._base: float | None = None  # share done at the first report: what came before took none of our time

    def update(
        self,
        doing: str,
        messages: int,
        done: float | None = None,
        lag: float | None = None,
        unread: int | None = None,
    ) -> None:
        now = time.monotonic()
        if now - self._at < self._every:
            return
        rate = (messages - self._count) / (now - self._at)
        self._at, self._count = now, messages
        self._show(StreamProgress(doing, messages, rate, done, self._remaining(done, now), lag, unread))

    def note(self, doing: str, text: str) -> None:
        self._show(StreamProgress(doing, self._count, note=text))

    def _remaining(self, done: float | None, now: float) -> float | None:
        if done is None:
            return None
        if self._base is None:
            self._base, self._began = done, now
        gained = done - self._base
        return (1 - done) * (now - self._began) / gained if gained > 0 else None


class Lines:
    """Progress on standard error: one line that renews itself on a terminal, a plain line now and then elsewhere."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stderr
        self._live: Any = None
        self._terminal = bool(getattr(self._stream, "isatty", lambda: False)())
        self._last = time.monotonic()

    def __call__(self, progress: StreamProgress) -> None:
        if progress.note is not None:
            self._print(f"sor: {progress.note}")
        elif self._terminal:
            self._renew(_words(progress))
        elif time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            self._print(f"sor: {_words(progress)}")

    def close(self) -> None:
        """Leave the screen as plain text."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            say(text, to=self._stream)

    def _renew(self, text: str) -> None:
        if self._live is None:
            from rich.live import Live

            self._live = Live(console=terminal(file=self._stream), transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(text, refresh=True)


def _words(progress: StreamProgress) -> str:
    parts = [f"{progress.doing}: {progress.messages:,} messages"]
    if progress.done is not None:
        parts.append(f"{progress.done:.0%}")
    parts.append(f"{progress.rate:,.0f}/s")
    if progress.lag is not None:
        parts.append(f"lag {progress.lag * 1000:,.1f} ms")
    if progress.remaining is not None:
        parts.append(f"{_clock(progress.remaining)} left")
    return ", ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
