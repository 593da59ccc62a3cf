"""What the screen costs: time, keys, idle processor, memory. Real runs in a real pseudo-terminal of 140 x 40.

    python benchmarks/screen_costs.py ratio      a full-speed run with the screen on, against the same run headless
    python benchmarks/screen_costs.py keys       from a key to its effect on the terminal, while full-speed runs are on
    python benchmarks/screen_costs.py idle       processor use of a screen on which nothing happens
    python benchmarks/screen_costs.py history    a hundred kept reports: from F5 to the newest, from a key to its row
    python benchmarks/screen_costs.py memory 10  minutes of full-speed runs in a loop: memory of all processes, the log

Everything is measured from outside, by the bytes that come out of the terminal and by /proc.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from statistics import median

SOR = [sys.executable, "-m", "sor"]
CTRL_R, F5, END, HOME = b"\x12", b"\x1b[15~", b"\x1b[F", b"\x1b[H"
TICKS = os.sysconf("SC_CLK_TCK")


class Screen:
    """`sor tui` in a pseudo-terminal."""

    def __init__(self, state: Path, *options: str) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(SOR_STATE=str(state), TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [*SOR, "tui", "--bootstrap-servers", "127.0.0.1:1", *options])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.fd], [], [], seconds)
        data = os.read(self.fd, 1 << 20) if ready else b""
        self.seen = (self.seen + data)[-200_000:]
        return data

    def until(self, words: bytes, seconds: float = 300.0) -> float | None:
        """Seconds until the words come out; None where they do not."""
        began, self.seen = time.monotonic(), b""
        while words not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", self.seen):
            if time.monotonic() - began > seconds:
                return None
            self.read(0.05)
        return time.monotonic() - began

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)

    def key(self, data: bytes) -> None:
        os.write(self.fd, data)

    def close(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        while True:
            try:
                if not self.read(30.0):
                    break
            except OSError:
                break
        os.waitpid(self.pid, 0)

    def family(self) -> list[int]:
        """The screen and its workers."""
        found = [self.pid]
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text().split()]
        return found

    def cpu(self) -> float:
        return sum(_cpu(pid) for pid in self.family())

    def memory(self) -> float:
        """MB: proportional set size, so that what processes share counts once."""
        return sum(_pss(pid) for pid in self.family()) / 1000


def _cpu(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / TICKS


def _pss(pid: int) -> int:
    try:
        return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])  # type: ignore[index]
    except (OSError, TypeError):
        return 0


def ratio(state: Path, rounds: int = 5) -> None:
    headless, shown = [], []
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run([*SOR, "backtest", "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        headless.append(time.monotonic() - began)
        screen = Screen(state)
        screen.until(b"Strategy")
        screen.rest(2.0)
        screen.key(CTRL_R)
        shown.append(screen.until(b"bought 5,000") or float("nan"))
        screen.close()
        print(f"headless {headless[-1]:.2f} s, with the screen {shown[-1]:.2f} s", file=sys.stderr)
    print(f"median headless {median(headless):.2f} s, with the screen {median(shown):.2f} s, "
          f"ratio {median(shown) / median(headless):.2f}; load {os.getloadavg()[0]:.1f}")  # fmt: skip


def keys(state: Path, presses: int = 40) -> None:
    """The dearest key, which opens a window over the screen, and the one that holds and releases a run."""
    screen = Screen(state)
    opening: list[float | None] = []
    ending: list[float | None] = []
    holding: list[float] = []
    screen.until(b"Strategy")
    screen.key(CTRL_R)
    screen.rest(1.0)
    while len(opening) < presses:
        screen.key(b"?")
        opening.append(screen.until(b"what to run"))
        screen.key(b"?")
        screen.rest(0.3)
        for words in (b"Resume", b"Pause"):
            screen.key(b" ")
            took = screen.until(words, 3.0)
            if took is None:  # the run has ended, perhaps as the help was opened: told apart; and another run
                ending.append(opening.pop())
                screen.key(b"r")
                screen.rest(1.0)
                break
            holding.append(took)
            screen.rest(0.1)
    screen.close()
    _say_keys("? (opens the help)", [one for one in opening if one is not None])
    _say_keys("? as a run ends and its result is drawn", [one for one in ending if one is not None])
    _say_keys("space (pause and resume)", holding)


def _say_keys(name: str, took: list[float]) -> None:
    took.sort()
    within = took[int(0.95 * len(took))]
    print(
        f"{name}, {len(took)} times: median {median(took) * 1e3:.0f} ms, 95 % within {within * 1e3:.0f} ms, "
        f"worst {took[-1] * 1e3:.0f} ms; load {os.getloadavg()[0]:.1f}"
    )


def idle(state: Path, seconds: float = 20.0) -> None:
    screen = Screen(state, "--strategy", "twap")
    screen.until(b"Strategy")
    for name, prepare in (("form", b""), ("result", CTRL_R)):
        if prepare:
            screen.key(prepare)
            screen.until(b"bought 5,000")
        screen.rest(3.0)
        before = screen.cpu()
        screen.rest(seconds)
        print(f"idle, {name}: {(screen.cpu() - before) / seconds:.1%} of one core, {screen.memory():.0f} MB")
    screen.close()


def history(state: Path, presses: int = 40) -> None:
    """A hundred reports of the default run, which no session has read yet."""
    made = [*SOR, "backtest", "--json"]
    text = subprocess.run(made, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    (state / "reports").mkdir()
    for at in range(100):
        (state / "reports" / f"sor-report-20261130T{at // 60:02d}{at % 60:02d}00.000000Z.json").write_bytes(text)
    opening, moving = [], []
    for _ in range(5):
        screen = Screen(state)
        screen.until(b"Strategy")
        screen.rest(2.0)
        screen.key(F5)
        opening.append(screen.until(b"11-30 01:39") or float("nan"))
        screen.rest(1.0)
        for _ in range(presses // 5):
            for key, words in ((END, b"11-30 00:00"), (HOME, b"11-30 01:39")):
                screen.key(key)
                moving.append(screen.until(words) or float("nan"))
                screen.rest(0.1)
        screen.close()
    _say_keys(f"F5 to the newest of a hundred reports of {len(text):,} bytes", opening)
    _say_keys("End, Home in the list", moving)


def memory(state: Path, minutes: float) -> None:
    screen, sizes, runs = Screen(state), [], 0
    screen.until(b"Strategy")
    began = time.monotonic()
    screen.key(CTRL_R)
    alone: list[float] = []
    screen.seen = b""
    while time.monotonic() - began < minutes * 60:
        screen.rest(0.5)
        sizes.append((time.monotonic() - began, screen.memory()))
        if b"bought 5,000" in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", screen.seen):
            runs += 1
            alone.append(_pss(screen.pid) / 1000)
            screen.seen = b""
            screen.key(b"r")
    screen.close()
    log = state / "tui.log"
    third = minutes * 20
    parts = [[mb for at, mb in sizes if third * k <= at < third * (k + 1)] for k in range(3)]
    peaks = ", ".join(f"{max(part, default=0):.0f}" for part in parts)
    print(f"{runs} runs in {minutes:g} minutes: at most {max(mb for _, mb in sizes):.0f} MB in all processes")
    print(f"peaks by third: {peaks} MB; the screen alone after a run: {alone[0]:.0f} MB first, {alone[-1]:.0f} MB last")
    print(f"log: {log.stat().st_size if log.exists() else 0} bytes")


def main() -> None:
    parts = {"ratio": ratio, "keys": keys, "idle": idle, "history": history}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="ratio", choices=[*parts, "memory"])
    parser.add_argument("minutes", nargs="?", type=float, default=10.0, help="of memory; default: %(default)s")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.what == "memory":
            memory(Path(folder), asked.minutes)
        else:
            parts[asked.what](Path(folder))


if __name__ == "__main__":
    main()
