"""A person at the screen: real runs of the bundled tape, in windows that take a second or two."""

from __future__ import annotations

import asyncio
import atexit
import gzip
import shutil
import tempfile
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
WISHES = {"tape": small_tape(), "start": "13:31:00", "end": "13:31:30", "quantity": "1000", **ONE}
SHORT = {"stream": "embedded", **WISHES}


class Driver:
    """A person at the screen."""

    def __init__(self, app: SorApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, ready: Callable[[], object], seconds: float = 300.0) -> None:
        """Wait for something that takes the time it takes; the limit is for tests that would never end."""
        for _ in range(round(seconds / 0.02)):
            if ready():
                await self.pilot.pause()
                return
            if self.app._exception is not None:
                raise self.app._exception
            await asyncio.sleep(0.02)
        raise AssertionError(f"it did not come to that; the screen says {self.app.message}\n{self.text()}")

    async def finished(self) -> None:
        await self.until(lambda: self.app.app_state.live is not None and not self.app.app_state.running)

    async def played(self, share: float) -> None:
        """Until the run is in this part of its window."""

        def there() -> bool:
            view = self.app.app_state.live.view if self.app.app_state.live else None
            return view is not None and (view.ts - view.start) / (view.end - view.start) >= share

        await self.until(there)

    async def sees(self, *words: str) -> None:
        """Wait for all of these on the screen: its parts are drawn one after the other."""
        await self.until(lambda: all(word in self.text() for word in words))

    async def told(self, words: str, kind: str = "") -> None:
        """Wait for these words in the line for messages."""
        await self.until(lambda: words in self.app.message[0] and kind in ("", self.app.message[1]))

    async def still(self) -> None:
        """Wait until nothing more is drawn."""
        seen: list[str] = []
        while len(seen) < 3 or len(set(seen[-3:])) > 1:
            await self.pilot.pause(0.1)
            seen.append(self.text())

    def text(self) -> str:
        """The screen as a person reads it."""
        height = self.app.size.height
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[:height])


@asynccontextmanager
async def driving(
    values: dict[str, str] | None = None, size: tuple[int, int] = (100, 30), app: SorApp | None = None
) -> AsyncIterator[Driver]:
    app = app or SorApp(SHORT if values is None else values)
    try:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield Driver(app, pilot)
    finally:
        app.close_workers()
