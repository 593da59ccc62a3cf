"""Folders for state and cache: one rule for all callers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sor.errors import SorError
from sor.paths import cache_dir, state_dir

NAMES = ("SOR_CACHE", "SOR_STATE", "XDG_CACHE_HOME", "XDG_STATE_HOME", "STATE_DIRECTORY", "CACHE_DIRECTORY")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_by_default_they_are_the_users(home: Path) -> None:
    assert cache_dir() == home / ".cache" / "sor"
    assert state_dir() == home / ".local" / "state" / "sor"


def test_xdg_moves_them_unless_it_is_relative(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "xdg"))
    assert state_dir() == home / "xdg" / "sor"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # the specification: ignored
    assert state_dir() == home / ".local" / "state" / "sor"


@pytest.mark.parametrize(("name", "folder"), [("SOR_STATE", state_dir), ("SOR_CACHE", cache_dir)])
def test_a_tilde_is_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: object) -> None:
    assert callable(folder)
    monkeypatch.setenv(name, "~/s")
    assert folder() == home / "s"


def test_a_services_folder_counts_for_everything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{home}/service:{home}/second")
    assert state_dir() == home / "service"
    monkeypatch.setenv("SOR_STATE", str(home / "mine"))
    assert state_dir() == home / "mine"


def test_a_home_that_is_no_path_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "~")
    with pytest.raises(SorError, match="HOME is not an absolute path"):
        state_dir()
