"""Worker processes as the screen holds them: what is said of one that ends, and by whom."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from driving import OPTIONS, SECONDS

from tui.actions.workers import Worker
from tui.messages import Event, Failed, Gone, RunRequest, TapeRequest


def test_a_process_that_has_ended_is_not_killed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number may be another process's by then."""
    said: list[Event] = []
    worker = Worker(lambda _, event: said.append(event))
    worker.start(TapeRequest({"tape": str(tmp_path / "none.csv")}))
    assert worker.wait(SECONDS)
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    worker.end()
    assert killed == []
    assert [type(event) for event in said] == [Failed]


@pytest.mark.parametrize("by_us", [True, False])
def test_only_of_a_worker_that_others_ended_it_is_said(by_us: bool) -> None:
    said: list[Event] = []
    worker = Worker(lambda _, event: said.append(event))
    worker.start(RunRequest(dict(OPTIONS), "1", "embedded"))
    if by_us:
        worker.end()
    else:
        os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(SECONDS)
    assert any(isinstance(event, Gone) for event in said) is not by_us
