"""Pictures of the real program for README and docs: `python -m tui.pictures FOLDER` (make screenshots).

Every picture is of a real run of the bundled tape, in a terminal of 140 x 40 unless the name says otherwise.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from tui.app import SorApp
from tui.screens.setup import SetupPage

VALUES = {"stream": "embedded", "speed": "50", "start": "13:31:00", "end": "13:37:00", "quantity": "5000"}
LIGHT = "sor-light"
ALL = ("setup", "watch", "result", "history")
SERIES = (
    ((140, 40), "", ALL, ""),
    ((80, 24), "-80x24", ("watch", "result"), ""),
    ((200, 60), "-200x60", ("watch",), ""),
    ((140, 40), "-light", ("watch",), LIGHT),
)


async def _until(pilot: Pilot[int], app: SorApp, ready: object, seconds: float = 120.0) -> None:
    assert callable(ready)
    for _ in range(round(seconds / 0.05)):
        if ready():
            return
        await pilot.pause(0.05)
    raise SystemExit(f"no picture: {app.message[0] or 'the run did not come so far'}")


async def take_pictures(
    folder: Path, size: tuple[int, int], suffix: str, names: tuple[str, ...], theme: str = ""
) -> list[Path]:
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
        await _until(pilot, app, lambda: _share(app) > (0.6 if _rests(app) else 0.8))
        await pilot.press("space")
        await pilot.pause(0.5)
        if not app.app_state.running:
            raise SystemExit("no picture: the run was over before it was held; take them on a machine with less to do")
        app.say("")
        shoot("watch")
        await pilot.press("space")
        for _ in range(9):
            await pilot.press("plus")
        await _until(pilot, app, lambda: not app.app_state.running)
        app.say("")
        await pilot.pause(0.3)
        shoot("result")
        if "history" in names:
            await _others(pilot, app)
        await pilot.press("f5")
        await pilot.pause(0.3)
        shoot("history")
    app.close_workers()
    return made


async def _others(pilot: Pilot[int], app: SorApp) -> None:
    """Two more runs, to have something to compare: a sell, and a fixed choice of parameters."""
    setup = app.get_screen("setup")
    assert isinstance(setup, SetupPage)
    for number, more in enumerate(({"side": "sell"}, {"lambda_over": "1.5x", "lambda_under": "2x"}), 2):
        await pilot.press("f2")
        setup.fill({**VALUES, "speed": "max", **more})
        await pilot.pause()
        await pilot.press("ctrl+r")
        await _until(pilot, app, lambda number=number: app.app_state.count == number and not app.app_state.running)
        app.say("")


def _plain(svg: str) -> str:
    """Without fonts from elsewhere, with spaces that every viewer keeps, and with braille as drawn dots."""
    svg = _TEXT.sub(_dots, svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas").replace(
        "<text ", '<text xml:space="preserve" '
    )


_TEXT = re.compile(r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</text>')
_CELL = 20.0 * 1.22  # the height of a line in Textual's pictures
_PLACES = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # column and row of each bit


def _dots(found: re.Match[str]) -> str:
    """Curves are made of braille, which many fonts lack: a path of small squares instead."""
    name, x, y, length, text = found.groups()
    text = html.unescape(text)
    if not any("\u2800" <= char <= "\u28ff" for char in text):
        return found[0]
    width, top = float(length) / len(text), float(y) - 0.76 * _CELL
    places = [
        (float(x) + (at + 0.25 + column / 2) * width, top + (row + 0.5) * _CELL / 4)
        for at, char in enumerate(text)
        for bit, (column, row) in enumerate(_PLACES)
        if "\u2800" <= char <= "\u28ff" and (ord(char) - 0x2800) >> bit & 1
    ]
    squares = "".join(f"M{across - 1.2:.1f} {down - 1.2:.1f}h2.4v2.4h-2.4z" for across, down in places)
    return f'<path class="{name}" d="{squares}"/>'


def _rests(app: SorApp) -> bool:
    """Whether orders rest, so that there is something to see of them."""
    view = app.app_state.live.view if app.app_state.live else None
    return view is not None and bool(view.resting)


def _share(app: SorApp) -> float:
    """How much of the order's window has passed."""
    view = app.app_state.live.view if app.app_state.live else None
    return 0.0 if view is None else (view.ts - view.start) / (view.end - view.start)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        os.environ["SOR_STATE"] = state  # nothing of the pictures stays among the user's reports
        for size, suffix, names, theme in SERIES:
            for path in asyncio.run(take_pictures(folder, size, suffix, names, theme)):
                print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
