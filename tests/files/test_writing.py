"""Whole-file writes: the old file or the new one, and nothing left beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sor.files.writing import private_dir, private_opener, try_lock, whole_file, write_whole


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_whole(path, "first")
    write_whole(path, b"second", durable=True)
    assert path.read_text() == "second"
    assert os.listdir(tmp_path) == [path.name]


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_whole(path, "old")

    def fail() -> None:
        with whole_file(path) as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept"]


def test_a_link_in_the_way_is_replaced_and_never_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, "new")
    assert target.read_text() == "untouched"
    assert not link.is_symlink()


def test_private_files_and_folders_are_the_users_alone(tmp_path: Path) -> None:
    folder = private_dir(tmp_path / "state")
    write_whole(folder / "report", "x", private=True)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "report").stat().st_mode) == 0o600


def test_other_files_have_the_usual_rights(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.write_text("x")
    write_whole(tmp_path / "whole", "x")
    assert (tmp_path / "whole").stat().st_mode == usual.stat().st_mode


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open("w") as second:
        assert try_lock(first.fileno())
        assert not try_lock(second.fileno())


@pytest.fixture
def careless() -> Iterator[None]:
    """A user whose files anybody may read and write, unless the program that makes one says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_nothing_in_the_state_folder_is_for_others(
    careless: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sor.broker.process import Daemon
    from sor.core.market.batch import batch_of
    from sor.sources.snapshot_buffer import SnapshotBuffer
    from sor.stream.consume.checkpoint import Checkpoint
    from tui.actions.workers import Worker
    from tui.state.kept import keep

    state = tmp_path / "deep" / "state"
    monkeypatch.setenv("SOR_STATE", str(state))
    kept = keep("{}", b"")
    held = Checkpoint.hold("servers", "topic", "run")
    assert kept is not None
    assert held is not None
    held.write({"position": 1})
    SnapshotBuffer(held.spool).append(batch_of([]))
    Worker(lambda *_: None).end()
    daemon = Daemon("Test", private_dir(state / "kafka" / "x"), "-x")
    child = daemon.start(["/bin/sh", "-c", "touch made"])
    while not (daemon.folder / "made").exists():
        assert child.pid
    found = [tmp_path / "deep", *(tmp_path / "deep").rglob("*")]
    assert {path.name for path in found} >= {
        "lock",
        "spool",
        "checkpoint.json",
        "tui.log",
        "test.log",
        "test.pid",
        "made",
    }
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "log").symlink_to(target)
    with pytest.raises(OSError, match=r"symbolic links|Too many levels"):
        open(tmp_path / "log", "wb", opener=private_opener).close()
    assert target.read_text() == "mine"
