"""Run after run in one session: the memory of the screen does not grow (longer: benchmarks/screen_costs.py memory)."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from driving import SHORT, driving

from tui.state.app_state import SHOWN_FILLS

SETTLED = 8  # runs after which everything that a run needs is there


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.long
async def test_many_runs_take_no_more_memory_than_a_few() -> None:
    async with driving({**SHORT, "strategy": "best_ask"}, tape_is_read=False) as d:
        await d.press("ctrl+r")
        sizes = []
        for count in range(1, SETTLED + 6):
            await d.until(lambda count=count: d.app.app_state.count == count)  # type: ignore[misc]
            gc.collect()
            sizes.append(resident())
            await d.press("r")
        await d.finished()
        assert d.app.app_state.live is not None
        assert len(d.app.app_state.live.fills) <= SHOWN_FILLS
        assert sizes[-1] - sizes[SETTLED - 1] < 8e6
