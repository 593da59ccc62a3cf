"""A person at the screen: real runs of the bundled tape, in windows that take a second or two."""

from __future__ import annotations

import asyncio
import atexit
import gzip
import inspect
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from itertools import islice
from pathlib import Path

from textual.pilot import Pilot

from sor.paths import bundled_tape
from tui.app import SorApp


@cache
def small_tape() -> str:
    """The first 100 seconds of the bundled tape, so that a run takes a second."""
    path = Path(tempfile.mkdtemp(prefix="sor-tui-tests-")) / "small.csv.gz"
    with gzip.open(bundled_tape(), "rt") as whole, gzip.open(path, "wt", compresslevel=1) as part:
        part.writelines(islice(whole, 15_001))
    atexit.register(shutil.rmtree, path.parent, True)
    return str(path)


ONE = {"lambda_over": "1.5x", "lambda_under": "2x", "theta_queue": "1x"}  # a grid of one candidate
OPTIONS = {"tape": small_tape(), "start": "13:31:00", "end": "13:31:30", "quantity": "1000", **ONE}
SHORT = {"stream": "embedded", **OPTIONS}


SECONDS = 300.0  # more than anything here takes on a busy machine: it is for tests that would never end


class Driver:
    """A person at the screen. Every wait ends, and one that is in vain says what it was for."""

    def __init__(self, app: SorApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        async with deadline(f"the keys {' '.join(keys)} to be taken"):
            await self.pilot.press(*keys)
            await self.pilot.pause()

    async def click(self, selector: str) -> None:
        async with deadline(f"a click on {selector} to be taken"):
            await self.pilot.click(selector)

    async def pause(self) -> None:
        """Let the screen do what it has to."""
        async with deadline("the screen to be idle"):
            await self.pilot.pause()

    async def until(self, ready: Callable[[], object], what: str = "", seconds: float = SECONDS) -> None:
        """Wait for something that takes the time it takes."""
        end = time.monotonic() + seconds
        while not ready():
            if self.app._exception is not None:
                raise self.app._exception
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds:.0f} s for {what or source_of(ready)}\n{self.situation()}")
            await asyncio.sleep(0.02)
        await self.pause()

    async def finished(self) -> None:
        await self.until(
            lambda: self.app.app_state.live is not None and not self.app.app_state.running, "the run to end"
        )

    async def played(self, share: float) -> None:
        """Until the run is in this part of its window."""

        def there() -> bool:
            view = self.app.app_state.live.view if self.app.app_state.live else None
            return view is not None and (view.ts - view.start) / (view.end - view.start) >= share

        await self.until(there, f"{share:.0%} of the run's window")

    async def sees(self, *words: str) -> None:
        """Wait for all of these on the screen: its parts are drawn one after the other."""
        await self.until(lambda: all(word in self.text() for word in words), f"{words} on the screen")

    async def told(self, words: str, kind: str = "") -> None:
        """Wait for these words in the line for messages."""
        await self.until(
            lambda: words in self.app.message[0] and kind in ("", self.app.message[1]), f"the message {words!r}"
        )

    async def still(self) -> None:
        """Wait until nothing more is drawn."""
        seen: list[str] = []
        async with deadline("a screen that does not change"):
            while len(seen) < 3 or len(set(seen[-3:])) > 1:
                await self.pilot.pause(0.1)
                seen.append(self.text())

    def situation(self) -> str:
        """Where the program is, for a wait that was in vain."""
        live, worker = self.app.app_state.live, self.app._worker
        run = "no run was started" if live is None else f"the run is {live.state}"
        there = worker is not None and Path(f"/proc/{worker.pid}").exists()
        screen = self.text() if self.app.is_running else "(closed)"
        return (
            f"{run}, its process {'is there' if there else 'is gone'}; message: {self.app.message}; screen:\n{screen}"
        )

    def text(self) -> str:
        """The screen as a person reads it."""
        height = self.app.size.height
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[:height])


@asynccontextmanager
async def deadline(what: str, seconds: float = SECONDS) -> AsyncIterator[None]:
    in_vain = f"waited {seconds:.0f} s for {what}"
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        raise AssertionError(in_vain) from None
    if limit.expired():  # Textual does not always pass on that it was cancelled
        raise AssertionError(in_vain)


def source_of(ready: Callable[[], object]) -> str:
    """The condition as it is written in the test."""
    try:
        return " ".join(inspect.getsource(ready).split())
    except OSError:
        return repr(ready)


@asynccontextmanager
async def driving(
    values: dict[str, str] | None = None,
    size: tuple[int, int] = (100, 30),
    app: SorApp | None = None,
    *,
    tape_is_read: bool = True,
) -> AsyncIterator[Driver]:
    """The program on a screen of its own: open, and closed at the end, in time.

    tape_is_read: whether the form has a worker read the tape that is typed into it. Where the form is not what is
    tested, that is a process for nothing.
    """
    app = app or SorApp(SHORT if values is None else values)
    if not tape_is_read:
        app.look_at_tape = lambda options: None  # type: ignore[method-assign]
    try:
        async with opened(app, size) as pilot:
            await pilot.pause()
            yield Driver(app, pilot)
    finally:
        app.close_workers()


@asynccontextmanager
async def opened(app: SorApp, size: tuple[int, int]) -> AsyncIterator[Pilot[int]]:
    screen = app.run_test(size=size)
    async with deadline("the screen to open"):
        pilot = await screen.__aenter__()
    try:
        yield pilot
    finally:
        async with deadline("the screen to close"):
            await screen.__aexit__(None, None, None)
