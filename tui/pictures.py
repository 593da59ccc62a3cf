"""Pictures of the real program for README and docs: `python -m tui.pictures FOLDER` (make screenshots).

Every picture is of a real run of the bundled tape, in a terminal of 140 x 40 unless the name says otherwise.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from tui.app import SorApp

VALUES = {"stream": "embedded", "speed": "50", "start": "13:31:00", "end": "13:37:00", "quantity": "5000"}
LIGHT = "sor-light"
ALL = ("setup", "watch", "result", "history")
SERIES = (
    ((140, 40), "", ALL, ""),
    ((80, 24), "-80x24", ("watch", "result"), ""),
    ((140, 40), "-light", ("watch",), LIGHT),
)


async def _until(pilot: Pilot[int], app: SorApp, ready: object, seconds: float = 120.0) -> None:
    assert callable(ready)
    for _ in range(round(seconds / 0.05)):
        if ready():
            return
        await pilot.pause(0.05)
    raise SystemExit(f"no picture: {app.message[0] or 'the run did not come so far'}")


async def take(folder: Path, size: tuple[int, int], suffix: str, names: tuple[str, ...], theme: str = "") -> list[Path]:
    """The wanted ones of the form, the live screen half way, the result and the history, as SVG."""
    made: list[Path] = []
    app = SorApp(VALUES)

    def shoot(name: str) -> None:
        if name not in names:
            return
        path = folder / f"tui-{name}{suffix}.svg"
        path.write_text(_plain(app.export_screenshot(title="sor")), "utf-8")
        made.append(path)

    async with app.run_test(size=size) as pilot:
        if theme:
            app.theme = theme
        await pilot.pause()
        shoot("setup")
        await pilot.press("ctrl+r")
        await _until(pilot, app, lambda: _share(app) > 0.6)
        await pilot.press("space")
        await pilot.pause(0.5)
        app.say("")
        shoot("watch")
        await pilot.press("space")
        for _ in range(9):
            await pilot.press("plus")
        await _until(pilot, app, lambda: not app.desk.running)
        app.say("")
        await pilot.pause(0.3)
        shoot("result")
        await pilot.press("f5")
        await pilot.pause(0.3)
        shoot("history")
    app.close_workers()
    return made


def _plain(svg: str) -> str:
    """Without fonts from elsewhere, and with spaces that every viewer keeps."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas").replace(
        "<text ", '<text xml:space="preserve" '
    )


def _share(app: SorApp) -> float:
    """How much of the order's window has passed."""
    view = app.desk.live.view if app.desk.live else None
    return 0.0 if view is None else (view.ts - view.start) / (view.end - view.start)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        os.environ["SOR_STATE"] = state  # nothing of the pictures stays among the user's reports
        for size, suffix, names, theme in SERIES:
            for path in asyncio.run(take(folder, size, suffix, names, theme)):
                print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
