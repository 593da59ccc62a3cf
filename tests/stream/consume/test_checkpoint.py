"""Checkpoints: one holder, whole or not at all, gone when they are of no more use."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from sor.errors import SorError
from sor.paths import state_dir
from sor.stream.consume.checkpoint import KEEP_DAYS, Checkpoint


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path))


def hold(servers: str, topic: str, run: str) -> Checkpoint:
    held = Checkpoint.hold(servers, topic, run)
    assert held is not None
    return held


def test_state_comes_back() -> None:
    held = hold("localhost:9092", "topic", "run")
    assert held.read() is None
    held.write({"position": 7})
    held.release(remove=False)
    again = hold("localhost:9092", "topic", "run")
    assert again.read() == {"position": 7}
    again.release(remove=True)
    assert hold("localhost:9092", "topic", "run").read() is None


def test_a_second_consumer_gets_none_and_another_run_gets_its_own() -> None:
    held = hold("s", "t", "r")
    assert Checkpoint.hold("s", "t", "r") is None
    other = hold("s", "t", "r2")
    assert other.spool != held.spool
    held.release(remove=False)
    assert Checkpoint.hold("s", "t", "r") is not None


def test_names_that_are_no_file_names() -> None:
    held = hold("s", "t", "../../../etc/passwd\0 ö" * 40)
    held.write({})
    assert held.spool.resolve().is_relative_to(state_dir().resolve())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0}', "\0"])
def test_a_checkpoint_that_cannot_be_read_says_so(text: str) -> None:
    held = hold("s", "t", "r")
    (held.spool.parent / "checkpoint.json").write_text(text)
    with pytest.raises(SorError, match=r"damaged|another version"):
        held.read()


def test_every_damaged_byte_of_a_checkpoint_is_noticed() -> None:
    held = hold("s", "t", "r")
    held.write({"position": 71, "run": {"received": 12, "ended": False}})
    path = held.spool.parent / "checkpoint.json"
    whole = path.read_bytes()
    for at in range(len(whole)):
        for flip in (1, 2, 64, 128):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            try:
                found = held.read()
            except SorError:
                continue
            assert found == {"position": 71, "run": {"received": 12, "ended": False}}


def test_only_the_user_may_look_into_it(tmp_path: Path) -> None:
    held = hold("s", "t", "r")
    held.write({"position": 7})
    assert held.spool.parent.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in held.spool.parent.iterdir())


def test_a_draft_that_was_never_finished_changes_nothing() -> None:
    held = hold("s", "t", "r")
    held.write({"position": 1})
    (held.spool.parent / "checkpoint.new").write_text('{"format": 1, "posi')
    assert held.read() == {"position": 1}
    held.write({"position": 2})
    assert json.loads((held.spool.parent / "checkpoint.json").read_text())["state"]["position"] == 2


def test_no_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "file"))
    assert Checkpoint.hold("s", "t", "r") is None


def test_old_leftovers_are_swept_but_not_what_somebody_holds(tmp_path: Path) -> None:
    for run in ("old", "held", "young"):
        kept = hold("s", "t", run)
        kept.write({})
        if run != "held":
            kept.release(remove=False)
    then = time.time() - (KEEP_DAYS + 1) * 86_400
    for folder in (tmp_path / "stream").iterdir():
        if "young" not in folder.name:
            os.utime(folder, (then, then))
    hold("s", "t", "new")
    names = sorted(folder.name.split("-")[1] for folder in (tmp_path / "stream").iterdir())
    assert names == ["held", "new", "young"]
