"""`scripts/own-network`: loopback ports of its own, the way out, nothing left, and a reason where it cannot be had."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "own-network"
BIND = """
import os, socket, sys
socket.socket().bind(("127.0.0.1", int(sys.argv[1])))
print(os.environ["SOR_OWN_NETWORK"])
"""


def own_network(*command: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = os.environ if path is None else {**os.environ, "PATH": path}
    return subprocess.run([SCRIPT, *command], env=env, capture_output=True, text=True, timeout=120)


def refusal() -> str:
    """Why there can be none here, or nothing."""
    return own_network("true").stderr.strip()


def test_a_port_that_is_taken_here_is_free_there_and_nothing_is_left() -> None:
    if why := refusal():
        pytest.skip(why)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            socket.socket().bind(("127.0.0.1", int(port)))
        done = own_network(sys.executable, "-c", BIND, port)
    assert (done.returncode, done.stderr) == (0, "")
    holder = Path(f"/proc/{int(done.stdout)}/stat")
    deadline = time.monotonic() + 60
    while holder.exists() and holder.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_has_a_way_out() -> None:
    if why := refusal():
        pytest.skip(why)
    done = own_network("ip", "-4", "route", "show", "default")
    assert done.stdout.startswith("default via ")


def test_the_exit_code_is_the_commands() -> None:
    assert own_network("sh", "-c", "exit 7").returncode == 7


def test_where_it_cannot_be_had_it_says_why_and_the_command_runs(tmp_path: Path) -> None:
    for tool in ("bash", "id", "unshare", "nsenter", "setpriv", "echo"):
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"there is no {tool} here")
        (tmp_path / tool).symlink_to(found)
    done = own_network("echo", "here", path=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "here\n")
    why = "slirp4netns is not installed" if os.geteuid() == 0 else "not root"
    assert done.stderr == f"network: this machine's, shared: {why}\n"
