"""Run after run in one session: the memory of the screen does not grow (longer: benchmarks/tui.py memory)."""

from __future__ import annotations

import gc
from pathlib import Path

from driving import SHORT, driving

from tui.desk import KEPT_RUNS, SHOWN_FILLS


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_many_runs_take_no_more_memory_than_a_few() -> None:
    async with driving({**SHORT, "strategy": "best_ask"}) as d:
        await d.press("ctrl+r")
        sizes = []
        for count in range(1, KEPT_RUNS + 6):
            await d.until(lambda count=count: d.app.desk.count == count)  # type: ignore[misc]
            gc.collect()
            sizes.append(resident())
            await d.press("r")
        await d.finished()
        assert len(d.app.desk.runs) == KEPT_RUNS
        assert d.app.desk.live is not None
        assert len(d.app.desk.live.fills) <= SHOWN_FILLS
        assert sizes[-1] - sizes[KEPT_RUNS - 1] < 8e6
