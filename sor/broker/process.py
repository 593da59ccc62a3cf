"""One detached process with a pid file that cannot lie: start, find again, stop, and read why it died."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sor.files.writing import private_opener, write_whole

_POLL = 0.05
# Children of this very process that were started here: a dead child has to be waited for, or it stays as a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class LiveProcess:
    """A living process, told apart from a later one of the same id by when it started."""

    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process of ours: its name in messages, its folder, and a mark on its command line that nobody else has."""

    name: str
    folder: Path
    mark: str

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name.lower()}.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name.lower()}.pid"

    def start(self, command: Sequence[str]) -> LiveProcess:
        """Start it in a session of its own, so that it outlives the shell; the last start's log is kept as `.1`."""
        if self.log.exists():
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        with open(self.log, "wb", opener=private_opener) as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                umask=0o077,
            )
        _children[child.pid] = child
        running = LiveProcess(child.pid, _started(child.pid) or "")
        write_whole(self.pid_file, json.dumps({"pid": running.pid, "started": running.started}), private=True)
        return running

    def find(self) -> LiveProcess | None:
        """The process if it lives: by its pid file, or by its mark where the file was lost or never written."""
        noted = self.noted()
        if noted is not None and is_alive(noted):
            line = command_line(noted.pid)
            if self._is_marked(line) or not line:  # a process that is just being started has no command line yet
                return noted
        return self._search()

    def _is_marked(self, line: str) -> bool:
        """The mark as a whole word: one folder's name may begin with another's."""
        return f" {self.mark} " in f"{line} "

    def noted(self) -> LiveProcess | None:
        """The process of the pid file, alive or not; a stop takes the file away."""
        try:
            note = json.loads(self.pid_file.read_text("utf-8"))
            return LiveProcess(int(note["pid"]), str(note["started"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _search(self) -> LiveProcess | None:
        with contextlib.suppress(OSError):
            for name in os.listdir("/proc"):
                if name.isdigit() and self._is_marked(command_line(int(name))):
                    running = LiveProcess(int(name), _started(int(name)) or "")
                    if is_alive(running):
                        return running
        return None

    def stop(self, patience: float) -> bool:
        """SIGTERM, wait, SIGKILL; True if it went by itself (or was not there)."""
        running = self.find()
        polite = True
        if running is not None:
            _signal(running.pid, signal.SIGTERM)
            if not wait_gone(running, patience):
                polite = False
                _signal(running.pid, signal.SIGKILL)
                wait_gone(running, patience)
        self.pid_file.unlink(missing_ok=True)
        return polite

    def kill(self) -> None:
        """SIGKILL at once, as the kernel does when memory runs out; the pid file stays, as it would then."""
        running = self.find()
        if running is not None:
            _signal(running.pid, signal.SIGKILL)
            wait_gone(running, 10.0)

    def log_text(self) -> str:
        """The end of this start's log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - (1 << 18)))
                return log.read().decode("utf-8", "replace")
        except OSError:
            return ""


def is_alive(running: LiveProcess) -> bool:
    """Whether this very process still lives; a zombie does not."""
    child = _children.get(running.pid)
    if child is not None and child.poll() is not None:
        del _children[running.pid]
        return False
    return _started(running.pid) == running.started


def wait_gone(running: LiveProcess, seconds: float) -> bool:
    """Wait until the process has ended; False if it still lives after that time."""
    deadline = time.monotonic() + seconds
    while is_alive(running):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def command_line(pid: int) -> str:
    """The words of a process's command line, joined by blanks; empty where it is gone or hidden."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _ps(pid, "command")


def resident_bytes(running: LiveProcess) -> int | None:
    """Resident memory of the process, if the system shows it."""
    try:
        return int(Path(f"/proc/{running.pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        kilobytes = _ps(running.pid, "rss")
        return int(kilobytes) * 1024 if kilobytes.isdigit() else None


def _started(pid: int) -> str | None:
    """When a process started, as the system writes it; None where it is gone or a zombie."""
    try:
        # The name in brackets may itself hold blanks and brackets: the fields are counted after the last one.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None if Path("/proc/self").exists() else _ps(pid, "lstart") or None
    # A killed JVM's first thread is a zombie while the others still hold its files and ports.
    state, threads = fields[0], int(fields[17])
    return None if state in "ZX" and threads <= 1 else fields[19]


def _ps(pid: int, field: str) -> str:
    try:
        answer = subprocess.run(["ps", "-o", f"{field}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


_CAUSE = re.compile(r"^(Caused by: )?[\w.$]+(Exception|Error|Throwable)\b")
_COMPLAINT = re.compile(r" (ERROR|FATAL) |^Error\b|^Exception in thread")


def last_meaningful_line(log: str) -> str:
    """The line of a log that says why: the last complaint's last cause, else the complaint, else the last line."""
    lines = [line for line in log.splitlines() if line.strip() and not line.startswith(("\t", " "))]
    complaint = next((i for i in reversed(range(len(lines))) if _COMPLAINT.search(lines[i])), None)
    if complaint is not None:
        causes = [line for line in lines[complaint:] if _CAUSE.match(line)]
        return (causes or [lines[complaint]])[-1].strip()
    causes = [line for line in lines if _CAUSE.match(line)]
    return (causes or lines or ["the log is empty"])[-1].strip()
