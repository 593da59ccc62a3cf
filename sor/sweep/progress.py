"""How a sweep is going, on standard error: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sor.sweep.estimate import duration
from sor.sweep.run import Show, SweepProgress
from sor.text import say

LINE_SECONDS = 5.0


@contextmanager
def shown() -> Iterator[Show]:
    """Yields what a sweep reports its tally to."""
    if not sys.stderr.isatty():
        yield _SweepLines()
        return
    from rich import progress

    from sor.text import terminal

    columns = (
        progress.TextColumn("sweeping"),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.description}"),
        progress.TimeRemainingColumn(),
    )
    options: dict[str, Any] = {"transient": True, "redirect_stdout": False, "redirect_stderr": False}
    with progress.Progress(*columns, console=terminal(stderr=True), **options) as bar:
        task = bar.add_task("", total=None)

        def show(tally: SweepProgress) -> None:
            bar.update(task, total=tally.cells, completed=tally.finished, description=_live(tally))

        yield show


class _SweepLines:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, tally: SweepProgress) -> None:
        now = time.monotonic()
        if now - self._last < LINE_SECONDS:
            return
        self._last = now
        left = (tally.cells - tally.finished) / tally.rate if tally.rate else None
        rest = "" if left is None else f", {duration(left)} left"
        say(f"sor: {tally.finished:,} of {tally.cells:,} cells, {_live(tally)}{rest}")


def _live(tally: SweepProgress) -> str:
    saved = f", {tally.saved / tally.compared:+.2f} bps against best_ask so far" if tally.compared else ""
    return f"{tally.rate:.1f} cells/s, {tally.failed} failed{saved}"


def summary(tally: SweepProgress, workers: int | None, folder: object) -> list[str]:
    """What was done, in plain sentences."""
    lines = [
        f"{folder}: {tally.finished:,} of {tally.cells:,} cells"
        + (f", {tally.before:,} of them by an earlier run" if tally.before else "")
        + (f", {tally.failed:,} failed (their reasons are in the table)" if tally.failed else "")
    ]
    if tally.done + tally.failed:
        lines.append(
            f"{duration(tally.wall)}, {tally.rate:.1f} cells/s"
            + (f" on {workers} worker{'s' if workers != 1 else ''}" if workers else "")
            + f"; {tally.overhead_ms:.1f} ms a cell went into opening tapes and making rows"
        )
    return lines
