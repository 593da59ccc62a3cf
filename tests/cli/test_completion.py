"""Shell completion, asked as bash asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def completed(words: str, name: str = "sor") -> list[str]:
    """What bash would offer for the last word."""
    env = {**os.environ, "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    env[f"_{name.upper().replace('-', '_')}_COMPLETE"] = "bash_complete"
    done = subprocess.run([BIN / name], env=env, capture_output=True, text=True, check=False)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "name", "wanted"),
    [
        ("sor ba", "sor", ["backtest"]),
        ("sor data ", "sor", ["info", "formats", "synth", "convert"]),
        ("sor backtest --side ", "sor", ["buy", "sell"]),
        ("sor-backtest --side ", "sor-backtest", ["buy", "sell"]),
        ("sor-producer --snapshot-rule ", "sor-producer", ["last", "first"]),
        ("sor backtest --strategy st", "sor", ["static"]),
        ("sor-tui --router-i", "sor-tui", ["--router-interval"]),
    ],
)
def test_what_a_shell_offers(words: str, name: str, wanted: list[str]) -> None:
    assert completed(words, name) == wanted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_every_program(shell: str) -> None:
    script = subprocess.run([BIN / "sor", "completion", shell], capture_output=True, text=True, check=True).stdout
    for name in ("SOR", "SOR_BACKTEST", "SOR_PRODUCER", "SOR_TUI"):
        assert f"_{name}_COMPLETE={shell}_complete" in script


def test_bash_reads_the_script() -> None:
    script = (
        f'export PATH={BIN}:$PATH; eval "$(sor completion bash)"; complete -p sor sor-backtest sor-producer sor-tui'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 4
