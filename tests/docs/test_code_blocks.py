"""The code of the pages, run in order in an empty folder, as a reader would paste it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import REPO, Block, blocks

PAGES = ["your-router.md", "python.md", "report.md", "tutorials/your-tape.md", "tutorials/your-fills.md"]


def environment(state: Path) -> dict[str, str]:
    """The program on the path, as after `source .venv/bin/activate`, and no state of the user's."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "NO_COLOR": "1", "SOR_STATE": str(state)}


def run(block: Block, folder: Path, state: Path) -> subprocess.CompletedProcess[str]:
    command = (
        ["bash", "-euo", "pipefail", "-c", block.code] if block.kind == "sh" else [sys.executable, "-c", block.code]
    )
    return subprocess.run(command, cwd=folder, env=environment(state), capture_output=True, text=True, check=False)


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_tutorial_works_when_pasted(page: str, tmp_path: Path) -> None:
    folder, state = tmp_path / "empty", tmp_path / "state"
    folder.mkdir()
    found = [block for block in blocks(REPO / "docs" / page) if not block.skipped]
    assert found
    for block in found:
        done = run(block, folder, state)
        assert done.returncode == 0, f"{block.code}\n{done.stderr}"
