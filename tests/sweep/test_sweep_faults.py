"""What is done is kept: workers and schedulers killed with -9, a disk that fills, a scheduler that is not there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sweep_tools import Cluster, rows, run_sweep, sor_sweep, wait_for_parts

from sor.errors import SorError
from sor.sweep.store import read_table

OPTIONS = {"every": "5", "horizon": "20", "interval": "5", "side": "buy,sell", "strategy": "twap,static"}


def flags(days: list[Path], out: Path) -> list[str]:
    found = [text for name, value in OPTIONS.items() for text in (f"--{name}", value)]
    return [*found, *(text for day in days for text in ("--tape", str(day))), "--out", str(out)]


@pytest.fixture(scope="module")
def alone(days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table that everyone must get: by one process, undisturbed."""
    out = tmp_path_factory.mktemp("alone") / "out"
    run_sweep(out, {**OPTIONS, "tape": [str(day) for day in days]})
    return out


def said(err: str) -> str:
    """What was said beside the progress."""
    lines = [line for line in err.splitlines() if line and not (" cells, " in line and "cells/s" in line)]
    assert len(lines) == 1, err
    return lines[0]


def same(a: Path, b: Path) -> bool:
    return bool(read_table(a).equals(read_table(b)))


def children(pid: int) -> list[int]:
    """Worker processes of a local sweep, not Python's resource tracker."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in found if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


@pytest.mark.long
def test_a_local_worker_killed_in_the_middle(days: list[Path], alone: Path, tmp_path: Path) -> None:
    process = sor_sweep(*flags(days, tmp_path / "out"), "--workers", 2)
    wait_for_parts(tmp_path / "out", 2, process)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, ""), err
    assert same(tmp_path / "out", alone)


@pytest.mark.long
def test_the_sweep_itself_killed_and_started_again(days: list[Path], alone: Path, tmp_path: Path) -> None:
    process = sor_sweep(*flags(days, tmp_path / "out"), "--workers", 2)
    wait_for_parts(tmp_path / "out", 2, process)
    workers = children(process.pid)
    process.kill()
    process.communicate()
    half = len(rows(tmp_path / "out", ["cell"]))
    assert 0 < half < len(rows(alone, ["cell"]))
    give_up = time.monotonic() + 30  # its workers do not outlive it
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    process = sor_sweep(*flags(days, tmp_path / "out"), "--workers", 2)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "by an earlier run" in err
    assert same(tmp_path / "out", alone)


def test_ctrl_c_is_one_line(days: list[Path], tmp_path: Path) -> None:
    process = sor_sweep(*flags(days, tmp_path / "out"), "--workers", 2)
    wait_for_parts(tmp_path / "out", 1, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert (process.returncode, out, said(err)) == (130, "", "sor: interrupted")


@pytest.mark.long
def test_a_worker_of_the_cluster_killed_in_the_middle(
    cluster: Cluster, days: list[Path], alone: Path, tmp_path: Path
) -> None:
    process = sor_sweep(*flags(days, tmp_path / "out"), "--scheduler", cluster.address)
    wait_for_parts(tmp_path / "out", 2, process)
    cluster.workers[0].kill()
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, ""), err
    assert same(tmp_path / "out", alone)


@pytest.mark.long
def test_the_scheduler_killed_and_the_sweep_resumed(
    cluster: Cluster, days: list[Path], alone: Path, tmp_path: Path
) -> None:
    process = sor_sweep(*flags(days, tmp_path / "out"), "--scheduler", cluster.address)
    wait_for_parts(tmp_path / "out", 2, process)
    assert cluster.scheduler is not None
    cluster.scheduler.kill()
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (1, "")
    assert "is gone; what was done before is kept" in said(err)
    half = len(rows(tmp_path / "out", ["cell"]))
    assert 0 < half < len(rows(alone, ["cell"]))
    cluster.stop()
    cluster.start()
    process = sor_sweep(*flags(days, tmp_path / "out"), "--scheduler", cluster.address)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert f"{half} of them by an earlier run" in err
    assert same(tmp_path / "out", alone)


def test_a_scheduler_that_does_not_answer(days: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("sor.sweep.dask_cluster.ANSWER", 1.0)
    with pytest.raises(SorError, match="no answer"):
        run_sweep(tmp_path / "out", {**OPTIONS, "tape": str(days[0])}, scheduler="tcp://127.0.0.1:9")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.long
def test_a_full_disk(small_disk: Path, days: list[Path], alone: Path, tmp_path: Path) -> None:
    process = sor_sweep(*flags(days, small_disk / "out"), "--workers", 2)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (1, "")
    assert "No space left on device; what was done before is kept" in said(err)
    kept = rows(small_disk / "out")
    whole = {row["cell"]: row for row in rows(alone)}
    assert kept
    assert all(row == whole[row["cell"]] for row in kept)
    shutil.copytree(small_disk / "out", tmp_path / "larger")  # room is made
    process = sor_sweep(*flags(days, tmp_path / "larger"), "--workers", 2)
    process.communicate(timeout=300)
    assert same(tmp_path / "larger", alone)
