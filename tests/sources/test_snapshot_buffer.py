"""Spools give back what was put in, in memory and on disk, and as it was at a checkpoint."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, Trade, batch_of, empty_batch
from sor.errors import SorError
from sor.sources.snapshot_buffer import SnapshotBuffer

amounts = st.integers(-(2**63), 2**63 - 1)
quotes = st.builds(Quote, amounts, amounts, amounts, amounts, amounts)
trades = st.builds(Trade, amounts, amounts, amounts, st.sampled_from("ABN"))
snapshots = st.builds(
    Snapshot, amounts, st.lists(quotes, max_size=3).map(tuple), st.lists(trades, max_size=3).map(tuple)
)
batches = st.lists(st.lists(snapshots, max_size=4).map(batch_of), max_size=6)


def same(left: SnapshotBatch, right: SnapshotBatch) -> bool:
    return all(
        np.array_equal(getattr(left, f.name), getattr(right, f.name))
        and getattr(left, f.name).dtype == getattr(right, f.name).dtype
        for f in fields(SnapshotBatch)
    )


def batch(n: int) -> SnapshotBatch:
    return batch_of([Snapshot(t, (Quote(2, t, 1, t + 1, 2),), (Trade(2, t, 5, "A"),)) for t in range(n)])


@given(batches, st.sampled_from([0, 1, 200, 10**9]))
def test_two_passes_give_what_was_appended(given_batches: list[SnapshotBatch], budget: int) -> None:
    spool = SnapshotBuffer(memory_budget=budget)
    for one in given_batches:
        spool.append(one)
    assert len(spool) == sum(map(len, given_batches))
    for _ in range(2):
        got = list(spool.batches())
        assert len(got) == len(given_batches)
        assert all(map(same, got, given_batches))
    spool.close()


def test_a_pass_survives_the_move_from_memory_to_disk() -> None:
    spool = SnapshotBuffer(memory_budget=3000)
    spool.append(batch(5))
    reading = spool.batches()
    assert same(next(reading), batch(5))
    for n in (30, 7, 0):
        spool.append(batch(n))
    assert spool.position > 0
    assert [len(b) for b in reading] == [30, 7, 0]


def test_two_passes_at_once_do_not_disturb_each_other() -> None:
    spool = SnapshotBuffer(memory_budget=0)
    for n in (1, 2, 3):
        spool.append(batch(n))
    one, two = spool.batches(), spool.batches()
    assert [len(next(one)), len(next(two)), len(next(one)), len(next(one)), len(next(two))] == [1, 1, 2, 3, 2]


def test_unnamed_spools_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    spool = SnapshotBuffer(memory_budget=0)
    spool.append(batch(3))
    assert spool.position > 0
    assert list(tmp_path.iterdir()) == []


def test_resume_is_the_spool_as_it_was_at_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool = SnapshotBuffer(path)
    spool.append(batch(3))
    spool.append(batch(4))
    checkpoint = spool.position
    assert os.path.getsize(path) == checkpoint
    spool.append(batch(5))
    spool.sync()
    with path.open("ab") as torn:  # what a crash in the middle of a write leaves
        torn.write(b"SOR2 half a frame")

    resumed = SnapshotBuffer.resume(path, checkpoint)
    assert (len(resumed), resumed.position) == (7, checkpoint)
    resumed.append(batch(6))
    assert [len(b) for b in resumed.batches()] == [3, 4, 6]
    assert [len(b) for b in SnapshotBuffer.resume(path, resumed.position).batches()] == [3, 4, 6]
    assert [len(b) for b in SnapshotBuffer.resume(path, 0).batches()] == []
    assert os.path.getsize(path) == 0


@pytest.mark.parametrize("position", [1, 40, 10**6])
def test_resume_refuses_a_position_that_is_no_checkpoint(tmp_path: Path, position: int) -> None:
    path = tmp_path / "spool"
    spool = SnapshotBuffer(path)
    spool.append(batch(3))
    with pytest.raises(SorError, match="spool"):
        SnapshotBuffer.resume(path, position)
    assert os.path.getsize(path) == spool.position


def test_resume_without_a_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SorError, match="cannot resume"):
        SnapshotBuffer.resume(tmp_path / "none", 0)


def test_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool = SnapshotBuffer(path)
    spool.append(batch(3))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(SorError, match="damaged at byte 0"):
        list(SnapshotBuffer.resume(path, len(data)).batches())


def test_an_empty_batch_is_kept(tmp_path: Path) -> None:
    spool = SnapshotBuffer(tmp_path / "spool")
    spool.append(empty_batch())
    assert [len(b) for b in spool.batches()] == [0]
