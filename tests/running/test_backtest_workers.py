"""`--workers`: the same report from several processes, one line when one of them is lost, and nobody left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worker_tasks import Count, Die, Fail, NeverEnd, Pid

from sor import backtest
from sor.cli import run
from sor.core.backtest.worker_pool import Task, WorkerPool
from sor.errors import InputError, SorError
from sor.paths import bundled_tape
from sor.request import BacktestRequest
from sor.running.backtest_workers import _Worker, worker_pool
from sor.running.run import window_of
from sor.running.tape_source import tape_source
from sor.tapes.convert import convert

TESTS = Path(__file__).parent
ORDER: dict[str, Any] = {"start": "13:31:00", "end": "13:32:30", "quantity": 900}


@pytest.fixture(scope="module")
def alone() -> str:
    return backtest(**ORDER).to_json()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def at_work(pool: object, request: BacktestRequest) -> WorkerPool:
    assert callable(pool)
    source, spec = tape_source(request), request.spec()
    found = pool(source, spec, window_of(source, spec))
    assert isinstance(found, WorkerPool)
    return found


# -- the same bytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.long)])
def test_the_report_is_the_same(alone: str, workers: int) -> None:
    assert backtest(workers=workers, **ORDER).to_json() == alone


def test_the_command_line_too(alone: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = [text for name, value in ORDER.items() for text in (f"--{name}", str(value))]
    assert run(["backtest", "--workers", "2", "--json", *options], "sor") == 0
    assert capsys.readouterr() == (alone, "")


@pytest.mark.long
def test_other_tapes_and_orders(tmp_path: Path) -> None:
    """Our Parquet form, of which parts are read; a table in memory; parents, latency, a part of what is displayed."""
    tape = tmp_path / "tape.parquet"
    convert([bundled_tape()], tape)
    more = {**ORDER, "side": "sell", "orders": 2, "latency_us": 500, "take_fade": "0.5", "queue_model": "proportional"}
    expected = backtest(tape=str(tape), **more).to_json()
    assert backtest(tape=str(tape), workers=2, **more).to_json() == expected
    table = pd.read_csv(bundled_tape())
    assert backtest(tape=table, workers=2, **ORDER).to_json() == backtest(tape=table, **ORDER).to_json()


def test_a_script_needs_no_guard(alone: str, tmp_path: Path) -> None:
    """Nor is it run once more by the other processes, as multiprocessing would."""
    script = tmp_path / "script.py"
    script.write_text(f"from sor import backtest\nprint(backtest(workers=2, **{ORDER!r}).to_json(), end='')\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.returncode) == (alone, 0), done.stderr


# -- what is refused, and what is no use -------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["0", "-1", "1.5", "two", "65"])
def test_a_number_of_processes_it_must_be(workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "--workers", workers], "sor") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sor: ")
    assert f"workers '{workers}'" in err or f"workers: '{workers}'" in err
    assert err.count("\n") == 1


def test_a_stream_is_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "--from-kafka", "--workers", "2"], "sor") == 2
    assert capsys.readouterr().err == "sor: --workers is for tapes: a stream is worked as it comes, by one process\n"


def test_what_can_be_read_once_only_is_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for tape in (str(pipe), "/dev/stdin"):
        assert run(["backtest", "--tape", tape, "--workers", "2"], "sor") == 2
        err = f"sor: {tape}: is no file that every worker can read for itself: leave --workers out\n"
        assert capsys.readouterr().err == err


def test_a_strategy_without_a_study_is_worked_by_one_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "--strategy", "twap", "--workers", "2", "--json"], "sor") == 0
    assert capsys.readouterr().err == "--workers has nothing to share for twap: one process works it\n"


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_is_one_line_and_no_hang() -> None:
    request = BacktestRequest(**ORDER)
    with worker_pool(request, request.spec(), 3) as pool:
        working = at_work(pool, request)
        assert working.others == 2
        answers = working.submit(list[Task[Any]]([Count(), Die()]))
        with pytest.raises(SorError, match="a worker died") as caught:
            answers()
        assert caught.value.exit_code == 1
        with pytest.raises(SorError, match="a worker died"):
            working.submit(list[Task[Any]]([Die(), Count()]))()


def test_half_an_answer_is_none() -> None:
    half = "import os, pickle; os.write(1, pickle.dumps(bytes(10**4))[:5000])"
    with (
        subprocess.Popen([sys.executable, "-c", half], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
        pytest.raises(SorError, match="a worker died"),
    ):
        _Worker(process).answer()


def test_an_error_in_a_worker_is_ours() -> None:
    request = BacktestRequest(**ORDER)
    with worker_pool(request, request.spec(), 2) as pool:
        working = at_work(pool, request)
        with pytest.raises(InputError, match="reading DBN needs an optional package"):
            working.submit([Fail()])()
        assert working.submit([Count()])()[0] > 1_000  # it is there still


def test_a_tape_that_is_another_one_meanwhile_is_an_error(tmp_path: Path) -> None:
    tape = tmp_path / "tape.csv"
    lines = _lines()
    tape.write_text("".join(lines))
    request = BacktestRequest(tape=str(tape), quantity=10)
    source, spec = tape_source(request), request.spec()
    tape.write_text("".join(lines[:-1]))
    with worker_pool(request, spec, 2) as pool:
        assert pool is not None
        with pytest.raises(InputError, match="the tape was changed while it was read"):
            pool(source, spec, window_of(source, spec)).submit([Count()])()


def test_workers_end_with_the_work_even_in_the_middle_of_it() -> None:
    request = BacktestRequest(**ORDER)
    with worker_pool(request, request.spec(), 2) as pool:
        working = at_work(pool, request)
        [(pid, threads)] = working.submit([Pid()])()
        assert (threads, os.getpgid(pid)) == ("1", pid)  # one thread, and Ctrl-C in a terminal is not for it
        working.submit([NeverEnd()])
    assert gone(pid)


def test_workers_end_when_the_process_they_work_for_is_killed() -> None:
    script = f"""
import sys; sys.path.insert(0, {str(TESTS)!r})
from worker_tasks import NeverEnd, Pid
from test_backtest_workers import BacktestRequest, ORDER, at_work, worker_pool
request = BacktestRequest(**ORDER)
with worker_pool(request, request.spec(), 2) as pool:
    working = at_work(pool, request)
    print(working.submit([Pid()])()[0][0], flush=True)
    working.submit([NeverEnd()])()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert not gone(pid)
        process.kill()
    wait_until(lambda: gone(pid))


def _lines() -> list[str]:
    import gzip

    with gzip.open(bundled_tape(), "rt") as file:
        return [next(file) for _ in range(2_000)]
