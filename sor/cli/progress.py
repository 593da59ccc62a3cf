"""How far a long reading has come, on standard error.

On a terminal a bar that appears only when half a second has passed, elsewhere a plain line every few seconds. A small
tape is read before either would show, and then nothing is imported for it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from sor.text import plain, say

if TYPE_CHECKING:
    from sor.core.backtest.session import Session
    from sor.core.market.book import Book
    from sor.stream.progress import Show

PATIENCE = 0.5  # seconds before a bar is worth the flicker
LINE_SECONDS = 5.0

BytesDone = Callable[[int, int], None]


@contextmanager
def bytes_progress(text: str) -> Iterator[BytesDone]:
    """Yields a function to be called with (bytes done, bytes in all), from any thread, also after the end."""
    shown = _Delayed(plain(text), _Bar if sys.stderr.isatty() else _LogLines)
    try:
        yield shown.update
    finally:
        shown.end()


@contextmanager
def stream_progress() -> Iterator[Show]:
    """Yields what the stream's consumer and producer report to; the screen is plain text again at the end."""
    from sor.stream.progress import Lines

    lines = Lines()
    try:
        yield lines
    finally:
        lines.close()


def work_progress() -> Callable[[Session, Book], None] | None:
    """To be called after every batch of a run, so that logs have a line now and then; a terminal has a spinner."""
    if sys.stderr.isatty():
        return None
    lines = _WorkLines()
    return lines.on_book


class _Display(Protocol):
    """Something that shows a share of the whole."""

    def show(self, done: int, total: int) -> None: ...

    def clear(self) -> None: ...


class _Delayed:
    """Shows nothing before PATIENCE has passed, and nothing after the end."""

    def __init__(self, text: str, make: Callable[[str], _Display]) -> None:
        self._text, self._make = text, make
        self._display: _Display | None = None
        self._began = time.monotonic()
        self._ended = False
        self._lock = Lock()

    def update(self, done: int, total: int) -> None:
        if time.monotonic() - self._began < PATIENCE or total <= 0:
            return
        with self._lock:
            if self._ended:
                return
            if self._display is None:
                self._display = self._make(self._text)
            self._display.show(done, total)

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._display is not None:
                self._display.clear()


class _Bar:
    """A bar while bytes are read, a spinner while the order is worked; gone when done.

    Output of others is not captured: it may go to a pipe.
    """

    def __init__(self, text: str) -> None:
        from sor.text import terminal

        self._console = terminal(stderr=True)
        self._text = text
        self._task: Any = None
        self._shown: Any = None

    def show(self, done: int, total: int) -> None:
        if done >= total:
            self._spin()
            return
        if self._task is None:
            self.clear()
            self._shown = self._bar()
            self._task = self._shown.add_task(self._text, total=total)
            self._shown.start()
        self._shown.update(self._task, completed=done, total=total)

    def clear(self) -> None:
        if self._shown is not None:
            self._shown.stop()

    def _bar(self) -> Any:
        from rich import progress

        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=24),
            progress.TaskProgressColumn(),
            progress.DownloadColumn(),
            progress.TimeRemainingColumn(),
        )
        options: dict[str, Any] = {"transient": True, "redirect_stdout": False, "redirect_stderr": False}
        return progress.Progress(*columns, console=self._console, **options)

    def _spin(self) -> None:
        if self._task is None and self._shown is not None:
            return
        from rich.live import Live
        from rich.spinner import Spinner

        self.clear()
        self._task = None
        spinner = Spinner("line", "working the order")
        options: dict[str, Any] = {"transient": True, "redirect_stdout": False, "redirect_stderr": False}
        self._shown = Live(spinner, console=self._console, refresh_per_second=8, **options)
        self._shown.start()


class _LogLines:
    """For logs: one line every LINE_SECONDS."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last = time.monotonic()

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            say(f"sor: {self._text}: {done / total:.0%} of {total / 1e6:,.1f} MB")

    def clear(self) -> None:
        pass


class _WorkLines:
    """For logs: how much of the order's window has been worked, one line every LINE_SECONDS."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def on_book(self, session: Session, book: Book) -> None:
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            order = session.order
            share = (int(book.ts[-1]) - order.start) / max(1, order.end - order.start)
            say(f"sor: working the order: {min(1.0, max(0.0, share)):.0%} of its window")
