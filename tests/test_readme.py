"""README and docs/start.md show what `make demo` prints, and every command of the README works when pasted.

`python tests/test_readme.py` writes the tables again.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sor import backtest
from sor.report.tables.report_table import print_report

REPO = Path(__file__).resolve().parents[1]
README, START = REPO / "README.md", REPO / "docs" / "start.md"
BLOCK = re.compile(r"(?<=```text\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LONGEST = 100  # lines of a page that is two screens long


def table() -> str:
    out = StringIO()
    print_report(backtest().data, Console(file=out, width=80, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines()) + "\n"


def beginning(text: str) -> str:
    """The order, the headline and the first table: up to the costs."""
    return text[: text.index("\nCost against arrival")]


def shown(page: Path) -> str:
    found = BLOCK.search(page.read_text("utf-8"))
    assert found is not None
    return found.group()


def test_the_pages_show_what_the_demo_prints() -> None:
    whole = table()
    assert shown(START) == whole
    assert shown(README) == beginning(whole)


def test_the_readme_is_two_screens_long() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= LONGEST


def command_blocks() -> list[str]:
    found = COMMANDS.findall(README.read_text("utf-8"))
    assert len(found) == 4
    return found


def paste(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block where a checkout has its data and its program, and nothing else."""
    for name in ("data", ".venv"):
        (folder / name).symlink_to(REPO / name)
    quiet = os.environ | {"NO_COLOR": "1", "SOR_STATE": str(folder / "state")}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=quiet, capture_output=True, text=True, check=False
    )


@pytest.mark.long
@pytest.mark.skipif(not (REPO / ".venv" / "bin" / "sor").exists(), reason="no .venv in the checkout: make setup")
def test_the_commands_on_tapes_and_routers_work_when_pasted(tmp_path: Path) -> None:
    mine = [block for block in command_blocks() if "kafka" not in block and ".venv/bin/sor" in block]
    assert len(mine) == 2
    for number, block in enumerate(mine):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = paste(block, folder)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "0" / "out" / "results" / "report.json").exists()


def free_port() -> int:
    """A loopback port for the broker; ZooKeeper's follows it."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.broker
@pytest.mark.skipif(not (REPO / ".venv" / "bin" / "sor").exists(), reason="no .venv in the checkout: make setup")
def test_the_commands_on_a_stream_work_when_pasted(tmp_path: Path) -> None:
    (block,) = (block for block in command_blocks() if "kafka up" in block)
    # Another port than the one on which the reader of the README may have a broker of his own.
    port = free_port()
    elsewhere = re.sub(r"(kafka (?:up|down))", rf"\1 --port {port}", block)
    stop = f"trap '.venv/bin/sor kafka down --port {port}' EXIT\n"
    done = paste(f"export SOR_BOOTSTRAP_SERVERS=127.0.0.1:{port}\n{stop}{elsewhere}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"complete": true' in done.stdout


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (REPO / "docs").glob("*.md"))]
)
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    text = (REPO / page).read_text("utf-8")
    code = "\n".join(re.findall(r"`(make [^`]+)`", text) + re.findall(r"^make .*", text, re.MULTILINE))
    named = set(re.findall(r"\bmake (?:[A-Z]+=\S+ )*([a-z][a-z-]*)", code))
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (REPO / "Makefile").read_text() + (REPO / "ops.mk").read_text(), re.M)
    )
    assert named <= targets


def write_anew() -> None:
    whole = table()
    for page, text in ((README, beginning(whole)), (START, whole)):
        before, old, after = page.read_text("utf-8").partition(shown(page))
        assert old
        page.write_text(before + text + after, encoding="utf-8")


if __name__ == "__main__":
    write_anew()
