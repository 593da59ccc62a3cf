"""Waiting for a machine's ssh: what ssh says is told apart, and the wait ends early where waiting cannot help."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from enum import StrEnum

from settings import DeployError

BOOT_SECONDS = 300
# The user is made a little after ssh answers; a key that is refused for longer than this stays refused.
KEY_SECONDS = 60
BETWEEN_TRIES = 5.0


class Trouble(StrEnum):
    """Why ssh did not get in."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    WRONG_KEY = "wrong key"
    OTHER_HOST_KEY = "another host key"
    NO_SUCH_HOST = "no such host"
    OTHER = "other"


_WORDS = {
    Trouble.OTHER_HOST_KEY: ("REMOTE HOST IDENTIFICATION HAS CHANGED", "Host key verification failed"),
    Trouble.WRONG_KEY: ("Permission denied", "Too many authentication failures"),
    Trouble.REFUSED: ("Connection refused",),
    Trouble.UNREACHABLE: ("timed out", "No route to host", "Network is unreachable", "banner exchange"),
    Trouble.NO_SUCH_HOST: ("Could not resolve hostname",),
}


def trouble(stderr: str) -> Trouble:
    """What ssh's words mean."""
    return next((t for t, words in _WORDS.items() if any(word in stderr for word in words)), Trouble.OTHER)


def until_ssh(
    ask: Callable[[], subprocess.CompletedProcess[str]],
    hopeless: Callable[[Trouble], str | None],
    seconds: float = BOOT_SECONDS,
    key_seconds: float = KEY_SECONDS,
) -> None:
    """Ask until ssh gets in. `hopeless` says in one line why waiting cannot help, or None.

    Raises:
        DeployError: when it cannot help, or the time is up; its line says which of the troubles it is.
    """
    begin = time.monotonic()
    refused_since: float | None = None
    while (result := ask()).returncode:
        now = time.monotonic()
        kind = trouble(result.stderr)
        refused_since = (refused_since or now) if kind is Trouble.WRONG_KEY else None
        patient = refused_since is not None and now - refused_since < key_seconds
        reason = None if patient else hopeless(kind)
        if reason:
            raise DeployError(reason)
        if now - begin > seconds:
            raise DeployError(f"ssh does not get in within {seconds:.0f} s: {_meaning(kind, result.stderr)}")
        time.sleep(BETWEEN_TRIES)


def _meaning(kind: Trouble, stderr: str) -> str:
    last = (stderr.strip().splitlines() or ["no answer"])[-1]
    meanings = {
        Trouble.REFUSED: "the machine is there and its sshd does not run: make stop, then make start",
        Trouble.UNREACHABLE: "nothing answers: is ssh blocked here, or has the subnet no way to the internet?",
    }
    return f"{meanings.get(kind, 'ssh says')} ({last})"
