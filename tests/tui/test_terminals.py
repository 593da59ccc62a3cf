"""Real terminals (tmux): bad ones, killed ones, closed ones; and the pipe between the screen and its worker."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from driving import OPTIONS

from tui.actions.workers import Worker
from tui.messages import Event, Finished, LiveUpdate, RunRequest

SOR = f"{sys.executable} -m sor"
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here")
WORDS = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in OPTIONS.items())


class Terminal:
    """A terminal with a shell's exit code at the end: `text()` is what a person sees."""

    def __init__(self, state: Path, command: str, size: tuple[int, int], term: str) -> None:
        self.name = f"sor-{uuid4().hex[:8]}"
        script = state / "run.sh"
        state.mkdir(parents=True, exist_ok=True)
        script.write_text(
            f"export SOR_STATE={state} TERM={term}\nstty -g > {state}/before\n{command}\ncode=$?\n"
            f"stty -g > {state}/after\necho CODE $code\nsleep 600\n"
        )
        width, height = map(str, size)
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", self.name, "-x", width, "-y", height, f"bash {script}")

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-L", self.name, *words], capture_output=True, text=True, check=False)
        return done.stdout

    def text(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", self.name)

    def keys(self, *names: str) -> None:
        self._tmux("send-keys", "-t", self.name, *names)

    def until(self, ready: Callable[[str], bool], seconds: float = 300.0) -> str:
        for _ in range(round(seconds / 0.1)):
            text = self.text()
            if ready(text):
                return text
            time.sleep(0.1)
        raise AssertionError(f"it did not come to that:\n{self.text()}")

    def shell(self) -> int:
        return int(self._tmux("display-message", "-p", "-t", self.name, "#{pane_pid}"))

    def program(self) -> int:
        """The process of the screen: the shell's child."""
        found = Path(f"/proc/{self.shell()}/task/{self.shell()}/children").read_text().split()
        return int(found[-1])

    def close(self) -> None:
        self._tmux("kill-server")


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(state: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def make(command: str, size: tuple[int, int] = (100, 30), term: str = "xterm-256color") -> Terminal:
        opened.append(Terminal(state, command, size, term))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def working(text: str) -> bool:
    """Whether the order is being worked: before that there is nothing to report."""
    return "1,000 done" in text and re.search(r"\d s left", text) is not None


def kept(state: Path) -> list[Path]:
    return sorted((state / "reports").glob("*.json"))


@pytest.mark.parametrize(
    ("size", "term", "words"),
    [
        ((100, 30), "dumb", "TERM is 'dumb'"),
        ((40, 10), "xterm", "40 columns and 10 lines"),
    ],
)
@needs_tmux
def test_a_bad_terminal_is_one_clear_line(terminal: Open, size: tuple[int, int], term: str, words: str) -> None:
    text = terminal(f"{SOR} tui", size, term).until(lambda t: "CODE" in t)
    assert "CODE 2" in text
    assert words.replace(" ", "") in "".join(text.split())  # a narrow terminal breaks the line where it likes
    assert text.count("sor:") == 1
    assert "Traceback" not in text


def test_without_a_terminal_it_is_one_clear_line() -> None:
    done = subprocess.run([*SOR.split(), "tui"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr


@needs_tmux
def test_a_report_that_is_none_is_one_clear_line(terminal: Open, tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text("{}")
    text = terminal(f"{SOR} tui {tmp_path}/no.json").until(lambda t: "CODE" in t)
    assert "CODE 2" in text
    assert "not a report of sor backtest" in text.replace("\n", "")


@needs_tmux
def test_quitting_does_not_wait_for_a_name_that_is_looked_up(terminal: Open, tmp_path: Path) -> None:
    """The look-up never ends here, and says that it has begun."""
    (tmp_path / "slow.py").write_text(
        "import pathlib, socket, threading\n"
        "from tui.app import main\n"
        "def look_up(*where, **how):\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'begun').touch()\n"
        "    threading.Event().wait()\n"
        "socket.getaddrinfo = look_up\n"
        "raise SystemExit(main({'servers': 'slow.example:9092'}))\n"
    )
    screen = terminal(f"{sys.executable} {tmp_path}/slow.py")
    screen.until(lambda _: (tmp_path / "begun").exists())
    screen.keys("C-q")
    assert "CODE 0" in screen.until(lambda t: "CODE" in t, seconds=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@needs_tmux
def test_a_killed_screen_restores_the_terminal_and_keeps_the_report(
    terminal: Open, state: Path, number: signal.Signals
) -> None:
    screen = terminal(f"{SOR} tui {WORDS} --speed 1")
    screen.until(lambda t: "Strategy" in t)
    screen.keys("C-r")
    screen.until(working)
    os.kill(screen.program(), number)
    text = screen.until(lambda t: "CODE" in t)
    assert f"CODE {128 + number}" in text
    assert "the report so far is in" in text
    assert "Traceback" not in text
    assert (state / "before").read_text() == (state / "after").read_text()
    (report,) = kept(state)
    assert json.loads(report.read_text())["stream"]["complete"] is False


@needs_tmux
def test_a_terminal_that_goes_away_leaves_a_report_and_no_process(terminal: Open, state: Path) -> None:
    """As when an ssh connection breaks: the terminal is gone before the program can say a last word."""
    screen = terminal(f"{SOR} tui {WORDS} --speed 1")
    screen.until(lambda t: "Strategy" in t)
    screen.keys("C-r")
    screen.until(working)
    program = Path(f"/proc/{screen.program()}")
    screen.close()
    for _ in range(900):
        if kept(state) and not program.exists():
            break
        time.sleep(0.1)
    (report,) = kept(state)
    assert json.loads(report.read_text())["stream"]["complete"] is False
    assert not program.exists()


@needs_tmux
def test_an_exported_size_of_another_moment_is_not_believed(terminal: Open) -> None:
    screen = terminal(f"env COLUMNS=40 LINES=10 {SOR} tui", (140, 40))
    screen.until(lambda t: "Run" in t and max(len(line.rstrip()) for line in t.splitlines()) > 100)


@needs_tmux
def test_a_screen_that_dies_at_once_loses_nothing(terminal: Open, state: Path) -> None:
    """kill -9 leaves the screen no last word; the worker sees the line go and keeps the report by itself."""
    screen = terminal(f"{SOR} tui {WORDS} --speed 1")
    screen.until(lambda t: "Strategy" in t)
    screen.keys("C-r")
    screen.until(working)
    os.kill(screen.program(), signal.SIGKILL)
    for _ in range(600):
        if kept(state):
            break
        time.sleep(0.1)
    (report,) = kept(state)
    assert json.loads(report.read_text())["warnings"][0].startswith("stopped after")


@needs_tmux
def test_the_screen_is_a_light_process_to_the_end(terminal: Open) -> None:
    """None of the worker's packages (numpy, Arrow, what kafka-python loads) is in the screen's own process, though the
    form was checked, a run watched and its report shown."""
    screen = terminal(f"{SOR} tui {WORDS} --strategy twap --quantity 900")
    screen.until(lambda t: "Strategy" in t)
    screen.keys("C-r")
    screen.until(lambda t: "bought 900" in t)
    for page, words in (("F3", "Venues"), ("F5", "saved X_M"), ("F2", "Strategy")):
        screen.keys(page)
        screen.until(lambda t, words=words: words in t)  # type: ignore[misc]
    libraries = set(re.findall(r"\S+\.so\S*", Path(f"/proc/{screen.program()}/maps").read_text()))
    assert any("libpython" in name or "/lib-dynload/" in name for name in libraries)
    assert not [name for name in libraries if re.search("numpy|arrow|pandas|crc32c", name)]


@pytest.mark.parametrize("setting", ["TERM=xterm", "NO_COLOR=1 TERM=xterm-256color", "TERM=vt100"])
@needs_tmux
def test_few_colours_or_none(terminal: Open, setting: str) -> None:
    screen = terminal(f"env -u COLORTERM {setting} {SOR} tui {WORDS} --strategy twap --quantity 900", (80, 24))
    screen.until(lambda t: "Strategy" in t)
    screen.keys("C-r")
    screen.until(lambda t: "bought 900" in t)
    screen.keys("F3")
    screen.until(lambda t: "Venues" in t and "900 of 900 done" in t)
    screen.keys("C-q")
    assert "CODE 0" in screen.until(lambda t: "CODE" in t)


def test_the_line_closed_is_a_stop(state: Path) -> None:
    """As when the screen's process ends: without tmux."""
    events: list[Event] = []
    worker = Worker(lambda _, event: events.append(event))
    worker.start(RunRequest(dict(OPTIONS), "1", "embedded"))
    for _ in range(600):
        views = [event.view for event in events if isinstance(event, LiveUpdate) and event.view is not None]
        if any(view.ts > view.start for view in views):
            break
        time.sleep(0.1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), worker._connection.fileno())
    for _ in range(600):
        if kept(state):
            break
        time.sleep(0.1)
    (report,) = kept(state)
    assert json.loads(report.read_text())["stream"]["complete"] is False
    assert not any(isinstance(event, Finished) for event in events)
