"""A terminal on this machine, for what a person sees on the host."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS = 180


class Screen:
    """One tmux with one pane, on a socket of its own."""

    def __init__(self, socket: Path, command: list[str]) -> None:
        self._socket = socket
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "50", shlex.join(command))

    def keys(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def until(self, *wanted: str) -> str:
        """What is seen once all of these words are there."""
        deadline = time.monotonic() + SECONDS
        while not all(word in (text := self.text()) for word in wanted):
            assert time.monotonic() < deadline, f"{wanted} did not come:\n{text}"
            time.sleep(0.5)
        return text

    def end(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        call = ["tmux", "-S", str(self._socket), *arguments]
        return subprocess.run(call, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False).stdout


@contextmanager
def screen(command: list[str]) -> Iterator[Screen]:
    """Open it for the length of the block. No socket is used twice: a server that is ending would answer on it."""
    with TemporaryDirectory(prefix="sor-screen-") as folder:
        opened = Screen(Path(folder) / "tmux", command)
        try:
            yield opened
        finally:
            opened.end()
