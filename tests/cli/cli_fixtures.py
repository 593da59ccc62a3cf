"""The command line in this process, for tests that read what it prints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sor.cli import run

Sor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sor(capsys: pytest.CaptureFixture[str]) -> Sor:
    """Runs `sor ARGS` in this process: exit code, standard output, standard error."""

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(arg) for arg in args], "sor")
        out, err = capsys.readouterr()
        return code, out, err

    return call
