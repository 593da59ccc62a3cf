"""Progress on standard error: nothing for what is quick, a bar on a terminal, lines in a log."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest

from sor.cli import progress
from sor.cli.progress import bytes_progress, stream_progress
from sor.core.backtest.session import Session
from sor.core.market.book import Book
from sor.request import BacktestRequest
from sor.running.run import run
from sor.running.tape_source import tape_source


class Terminal(StringIO):
    """Standard error as a terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_what_is_quick_shows_nothing_and_loads_nothing() -> None:
    code = """
import sys
class Terminal:
    written = ""
    def isatty(self): return True
    def write(self, text): self.written += text
    def flush(self): pass
sys.stderr = Terminal()
from sor.cli.progress import bytes_progress, stream_progress
with bytes_progress("reading") as update:
    for done in range(100):
        update(done, 100)
print("rich" in sys.modules, repr(sys.stderr.written))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "''"]


def test_on_a_terminal_a_bar_appears_after_half_a_second(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with bytes_progress("reading the tape") as update:
        clock.now = 0.4
        update(10_000_000, 40_000_000)
        assert screen.getvalue() == ""
        clock.now = 0.6
        update(20_000_000, 40_000_000)
    text = screen.getvalue()
    assert "reading the tape" in text
    assert "50%" in text
    assert "20.0/40.0 MB" in text
    assert text.endswith("\x1b[2K")  # the bar's line is cleared


def test_in_a_log_a_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bytes_progress("reading the tape") as update:
        for second in range(20):
            clock.now = float(second)
            update(second * 1_000_000, 20_000_000)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert 2 <= len(lines) <= 4
    assert all(line.startswith("sor: reading the tape: ") and line.endswith("% of 20.0 MB") for line in lines)


def test_calls_after_the_end_are_ignored(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bytes_progress("reading") as update:
        pass
    clock.now = 100.0
    update(5, 10)
    update(0, 0)
    assert capsys.readouterr() == ("", "")


def test_a_size_that_is_not_known_shows_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bytes_progress("reading") as update:
        clock.now = 100.0
        update(5, 0)
    assert capsys.readouterr() == ("", "")


def test_the_bar_goes_when_the_reading_fails(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")

    def read() -> None:
        with bytes_progress("reading") as update:
            clock.now = 1.0
            update(1, 2)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        read()
    assert screen.getvalue().endswith("\x1b[2K")


def test_after_the_last_byte_the_bar_makes_way_for_a_spinner(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with bytes_progress("reading") as update:
        for done, second in ((1, 1.0), (2, 2.0), (2, 3.0), (1, 4.0), (2, 5.0)):  # a second pass begins again
            clock.now = second
            update(done, 2)
    text = screen.getvalue()
    assert "working the order" in text
    assert text.rindex("working the order") > text.rindex("reading") > text.index("working the order")
    assert text.endswith("\x1b[2K")


def test_a_streams_lines_are_closed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from sor.stream.progress import Lines, StreamProgress

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with stream_progress() as show:
        assert isinstance(show, Lines)
        show(StreamProgress("reading", 1_234, 10.0))
    assert "messages" in screen.getvalue()
    assert sys.stderr is screen
    assert screen.getvalue().endswith("\x1b[2K")


def test_a_log_has_a_line_now_and_then_while_the_order_is_worked(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[float] = []

    def late(session: Session, book: Book) -> None:
        clock.now += 2.0
        seen.append(clock.now)
        assert watch is not None
        watch(session, book)

    watch = progress.work_progress()
    assert watch is not None
    request = BacktestRequest(strategy="twap", quantity=100)
    run(tape_source(request), request.spec(), late)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == seen[-1] // 6  # the third batch after a line is the first that comes five seconds later
    assert all(line.startswith("sor: working the order: ") and line.endswith("% of its window") for line in lines)


def test_a_terminal_has_a_spinner_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert progress.work_progress() is None
