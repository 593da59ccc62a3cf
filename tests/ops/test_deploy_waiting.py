"""Waiting for ssh: what ssh says is told apart, by the real ssh wherever this machine can make it say so."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType

import pytest


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    import simulated_aws

    assert simulated_aws.OPS  # it puts scripts/deploy on the path
    import waiting

    monkeypatch.setattr(waiting, "BETWEEN_TRIES", 0.01)
    return waiting


def ssh(port: int) -> Callable[[], subprocess.CompletedProcess[str]]:
    if shutil.which("ssh") is None:
        pytest.skip("ssh is not installed")
    call = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", "-o", "StrictHostKeyChecking=no"]
    call += ["-o", "UserKnownHostsFile=/dev/null", "-p", str(port), "nobody@127.0.0.1", "true"]
    return lambda: subprocess.run(call, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full: the kernel answers no further one."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waits = stack.enter_context(socket.socket())
            waits.setblocking(False)
            waits.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def failure(waiting: ModuleType, ask: Callable[[], subprocess.CompletedProcess[str]], **times: float) -> str:
    with pytest.raises(waiting.DeployError) as raised:
        waiting.until_ssh(ask, lambda kind: None, **times)
    return str(raised.value)


def test_a_port_where_nobody_listens_refuses(waiting: ModuleType, closed_port: int) -> None:
    ask = ssh(closed_port)
    assert waiting.trouble(ask().stderr) is waiting.Trouble.REFUSED
    said = failure(waiting, ask, seconds=0)
    assert "the machine is there and its sshd does not run" in said


def test_a_port_that_does_not_answer_is_unreachable(waiting: ModuleType, silent_port: int) -> None:
    ask = ssh(silent_port)
    assert waiting.trouble(ask().stderr) is waiting.Trouble.UNREACHABLE
    assert "nothing answers" in failure(waiting, ask, seconds=0)


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("ec2-user@203.0.113.9: Permission denied (publickey).", "WRONG_KEY"),
        ("Received disconnect from 203.0.113.9 port 22:2: Too many authentication failures", "WRONG_KEY"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", "OTHER_HOST_KEY"),
        ("ssh: Could not resolve hostname : Name or service not known", "NO_SUCH_HOST"),
        ("ssh: connect to host 203.0.113.9 port 22: No route to host", "UNREACHABLE"),
        ("Bad configuration option", "OTHER"),
    ],
)
def test_the_words_of_ssh(waiting: ModuleType, stderr: str, kind: str) -> None:
    assert waiting.trouble(stderr) is waiting.Trouble[kind]


def test_the_wait_ends_when_waiting_cannot_help(waiting: ModuleType, closed_port: int) -> None:
    with pytest.raises(waiting.DeployError, match="i-0 is stopped: make start"):
        waiting.until_ssh(ssh(closed_port), lambda kind: "i-0 is stopped: make start", seconds=3600)


def test_a_key_is_given_time_before_it_is_called_wrong(waiting: ModuleType) -> None:
    """The user is made a little after ssh answers."""
    answers = iter(["Permission denied (publickey).", "Permission denied (publickey).", ""])

    def ask() -> subprocess.CompletedProcess[str]:
        stderr = next(answers)
        return subprocess.CompletedProcess("ssh", 255 if stderr else 0, "", stderr)

    waiting.until_ssh(ask, lambda kind: f"hopeless: {kind}", key_seconds=3600)
    answers = iter(["Permission denied (publickey)."] * 2)
    with pytest.raises(waiting.DeployError, match="hopeless: wrong key"):
        waiting.until_ssh(ask, lambda kind: f"hopeless: {kind}", key_seconds=0)
