"""What works where Python has no `fcntl`, `pwd` and their kin, as on Windows: the modules are taken away.

That Windows itself works nobody has tried; this holds what docs/index.md says of it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LACKING = ("fcntl", "grp", "pwd", "resource", "termios")
PROGRAM = (
    f"import sys; sys.modules.update(dict.fromkeys({LACKING}))\n"
    "from sor.cli import run; sys.exit(run(sys.argv[1:], 'sor'))"
)


def without(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_report_of_a_tape_is_the_same_bytes(tmp_path: Path) -> None:
    words = ("backtest", "--strategy", "twap", "--json")
    here = subprocess.run(
        [sys.executable, "-m", "sor", *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    there = without(*words, folder=tmp_path)
    assert (there.returncode, there.stdout) == (0, here.stdout)


def test_what_locks_files_is_refused_in_one_line(tmp_path: Path) -> None:
    done = without("kafka", "up", "--state", str(tmp_path / "state"), folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("run sor on Linux, on macOS, or in WSL")
    assert "Traceback" not in done.stderr
