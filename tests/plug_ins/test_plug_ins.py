"""Strategies of one's own: twins of sor's own give their figures, and each mistake is one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from thorough import THOROUGH

from sor import backtest
from sor.cli import run
from sor.core.place.whole import shares
from sor.core.router.literature import BUILT_IN
from sor.core.units import MOST_SHARES
from sor.errors import InputError
from sor.plug_ins import decision_times
from sor.strategies import Allocation, Router, View

pytestmark = pytest.mark.usefixtures("tape_read_once")

CODE = '''
import random
import sys
import time

from sor.strategies import Allocation, Plan, Rest, Router, Strategy, Take, View


class TwinXM(Router):
    def allocate(self, view: View, size: int) -> Allocation:
        return Allocation(size)


class TwinBestAsk(Strategy):
    def decide(self, view: View) -> Plan:
        return Plan(sweep=view.leaves, any_size=True)


class Half(Router):
    def __init__(self, share: float = 0.5, venue: int = 0):
        self.share = share

    def begin(self, setting):
        self.fees = setting.fees

    def allocate(self, view, size):
        best = max(v.rest_px for v in view.venues)
        at = [v.venue for v in view.venues if v.rest_px == best and v.take_px > best]
        if not at:
            return Allocation(size)
        rest = int(size * self.share)
        return Allocation(market=size - rest, limits={at[0]: rest})


class Dice(Router):
    def allocate(self, view, size):
        return Allocation(random.randint(0, size))


class Peeks(Router):
    """Looks into the engine's own book, where the rest of the batch is."""

    def allocate(self, view, size):
        frame = sys._getframe()
        while "book" not in frame.f_locals:
            frame = frame.f_back
        book = frame.f_locals["book"]
        return Allocation(size if book.best_take[-1] > book.best_take[0] else 0)


class Raises(Router):
    def allocate(self, view, size):
        return 1 / 0


class TooMuch(Router):
    def allocate(self, view, size):
        return Allocation(size + 5)


class Fraction(Router):
    def allocate(self, view, size):
        return Allocation(size / 2)


class Nowhere(Router):
    def allocate(self, view, size):
        return Allocation(0, limits={99: size})


class Exits(Router):
    def allocate(self, view, size):
        sys.exit("bye")


class Beyond(Router):
    def allocate(self, view, size):
        return Allocation(size)

    def target(self, view, index):
        return 10**9


class Arguments(Router):
    def allocate(self, view):
        return Allocation(1)


class NoText(Router):
    """Its reason cannot be shown."""

    def allocate(self, view, size):
        class Reason:
            def __str__(self):
                raise ValueError("none")

        return Allocation(size, reason=Reason())


class Slow(Router):
    def allocate(self, view, size):
        time.sleep(0.02)
        return Allocation(size)


class Endless(Router):
    def allocate(self, view, size):
        while True:
            pass


class Tuple(Router):
    def allocate(self, view, size):
        return (size, {})


class Twice(Strategy):
    def decide(self, view):
        v = view.venues[0]
        return Plan(rests=[Rest(v.venue, v.rest_px, 5, view.ts + 10**9)] * 2)


class Ghost(Strategy):
    def decide(self, view):
        return Plan(takes=[Take(99, 5)])


class Past(Strategy):
    def decide(self, view):
        return Plan(wake=view.ts)


class Neither:
    pass
'''
WINDOW = ["--end", "13:32:00", "--quantity", "900"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "mine.py"
    path.write_text(CODE)
    return path


def report(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(["backtest", "--json", *WINDOW, *words], "sor") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=str, parse_int=str)
    return found


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("latency", ["0", "500"])
@pytest.mark.parametrize(("mine", "theirs"), [("TwinXM", "X_M"), ("TwinBestAsk", "best_ask")])
def test_twins_give_the_figures_of_sors_own(
    file: Path, capsys: pytest.CaptureFixture[str], mine: str, theirs: str, side: str, latency: str
) -> None:
    found = report(capsys, "--strategy", f"{file}:{mine}", "--side", side, "--latency-us", latency)
    own, twin = found["strategies"][mine], found["strategies"][theirs]
    # A label names one of sor's own, and drift is X_M's: a plug-in has it, another schedule has not.
    apart = {"label", "schedule_drift_bps", "selection_bps"}
    assert {key: value for key, value in own.items() if key not in apart} == {
        key: value for key, value in twin.items() if key not in apart
    }
    assert found["optimized"]["total_cash"] == own["total_cash"]


def test_a_router_is_judged_against_x_m_and_under_each_queue_model(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report(capsys, "--strategy", f"{file}:Half", "--param", "share=0.25")
    assert found["headline"]["strategy"] == "Half"
    assert found["headline"]["against"] == "X_M"
    assert int(found["headline"]["slices"]["judged"]) > 0
    made = {name: int(entry["made"]) for name, entry in found["router"]["queue_models"]["models"].items()}
    assert made["conservative"] <= made["proportional"] <= made["optimistic"]
    other = report(capsys, "--strategy", f"{file}:Half", "--param", "share=0.75")
    assert found["optimized"]["total_cash"] != other["optimized"]["total_cash"]


class Third(Router):
    def __init__(self) -> None:
        self.slices = 0

    def allocate(self, view: View, size: int) -> Allocation:
        self.slices += 1
        return Allocation(size - size // 3 if self.slices > 2 else size)


def test_an_object_is_copied_for_every_run_and_gives_the_figures_of_its_class() -> None:
    mine = Third()
    first, second, by_class = (
        backtest(strategy=own, end="13:32:00", quantity=900).to_json() for own in (mine, mine, Third)
    )
    assert first == second == by_class
    assert mine.slices == 0


def test_python_and_module_references_agree(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(file.parent))
    by_file, by_module = (
        dict(backtest(strategy=own, param={"share": 0.3}, end="13:31:00", quantity=300).data)
        for own in (f"{file}:Half", "mine:Half")
    )
    assert by_file.pop("request")["strategy"] == "mine.py:Half"
    assert by_module.pop("request")["strategy"] == "mine:Half"
    assert by_file == by_module


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Raises", "Raises raised ZeroDivisionError at"),
        ("TooMuch", "is more than the slice's"),
        ("Fraction", "market must be a whole number"),
        ("Nowhere", "limits at venue 99: an order cannot rest there"),
        ("Dice", "asked the same again it answers otherwise"),
        ("Peeks", "Peeks "),
        ("Exits", "Exits raised SystemExit at"),
        ("Beyond", "more than the order's 900 shares"),
        ("Arguments", "Arguments raised TypeError: Arguments.allocate() takes 2"),
        ("NoText", "NoText raised ValueError at"),
        ("Tuple", "allocate must return an Allocation, not tuple"),
        ("Twice", "at most one order at a venue"),
        ("Ghost", "takes at venue 99"),
        ("Past", "is not after the decision"),
        ("Neither", "neither allocate(view, size) nor decide(view)"),
        ("Nope", "there is no Nope in it: it has Arguments"),
    ],
)
def test_each_mistake_is_one_line(file: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    assert run(["backtest", "--json", *WINDOW, "--strategy", f"{file}:{name}"], "sor") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_files_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    for reference, words in (
        (f"{tmp_path}/none.py:A", "cannot be read"),
        (f"{broken}:A", "line 1"),
        ("no.such.module:A", "No module named 'no'"),
        ("nonsense", "is unknown: choose one of cont_kukanov"),
    ):
        with pytest.raises(InputError, match=words):
            backtest(strategy=reference)
    with pytest.raises(InputError, match="takes no --param"):
        backtest(strategy="twap", param={"a": 1})


def test_parameters_that_it_does_not_take_are_one_line(file: Path) -> None:
    with pytest.raises(InputError, match="there is no parameter 'shar': it takes share, venue"):
        backtest(strategy=f"{file}:Half", param={"shar": 1})
    with pytest.raises(InputError, match="parameter share must be of type float, not 'x'"):
        backtest(strategy=f"{file}:Half", param={"share": "x"})
    with pytest.raises(InputError, match="is not KEY=VALUE"):
        backtest(strategy=f"{file}:Half", param=["share"])


def test_a_slow_one_is_remarked_on_in_one_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # No time is asserted: 20 ms of sleep are more than the 10 ms that count as slow on any machine.
    words = ["--json", "--end", "13:30:30", "--quantity", "90", "--strategy", f"{file}:Slow"]
    assert run(["backtest", *words], "sor") == 0
    err = capsys.readouterr().err
    assert (err.count("\n"), err.startswith("Slow is slow: ")) == (1, True)


def test_one_that_never_answers_is_given_up_with_its_line(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_times, "PATIENCE", 0)
    assert run(["backtest", "--json", *WINDOW, "--strategy", f"{file}:Endless"], "sor") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(r"Endless has not answered for 0 s at .*mine\.py, line \d+", err)


@pytest.mark.parametrize("name", ["TwinBestAsk", pytest.param("Half", marks=pytest.mark.long)])
def test_good_ones_pass_the_check(file: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run(["strategy", "check", f"{file}:{name}"], "sor") == 0
    assert "no look-ahead" in capsys.readouterr().out


def test_routers_of_the_literature_are_found_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["strategy", "list"], "sor") == 0
    assert set(BUILT_IN) <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", ["cont_kukanov", *sorted(BUILT_IN)])
def test_more_shares_than_any_order_has_are_one_line_at_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "--json", "--strategy", name, "--quantity", str(2**31 + 1)], "sor") == 2
    said = capsys.readouterr().err
    assert said == "sor: quantity '2147483649' must be a whole number of shares, at most 2,147,483,648\n"


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_most_shares_are_worked_by_those_of_the_literature(name: str) -> None:
    assert MOST_SHARES == shares.MOST_SHARES
    report = backtest(end="13:30:45", strategy=name, quantity=MOST_SHARES)
    found = report.data["optimized"]
    assert found["filled"] + found["forced"] == 2**31


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("censored", "theta"), ("cont_kukanov_online", "speed"), ("delay", "window"), ("imbalance", "bins"),
     ("proportional_update", "gamma"), ("is", "sigma")],
)  # fmt: skip
@pytest.mark.parametrize("number", ["inf", "nan", "1e300", "1000000001"])
def test_a_parameter_of_ours_has_a_sensible_size(
    name: str, parameter: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backtest", "--json", "--strategy", name, "--param", f"{parameter}={number}"], "sor") == 2
    said = capsys.readouterr().err
    wrong = (
        "must be of type int"
        if parameter == "bins" and number != "1000000001"
        else "must be at most 1,000,000,000 in size"
    )
    assert said == f"sor: strategy {name}: parameter {parameter} {wrong}, not {number!r}\n"


def test_a_large_parameter_of_ours_is_no_reason_to_wait() -> None:
    report = backtest(end="13:31:00", quantity=900, strategy="imbalance", param={"bins": 10**9})
    assert report.data["optimized"]["filled"] == 900


def test_what_a_router_of_ours_says_of_its_input_has_no_line_of_its_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shares, "MOST_SHARES", 10)
    assert run(["backtest", "--json", *WINDOW, "--strategy", "cont_kukanov_fixed"], "sor") == 2
    assert capsys.readouterr().err == (
        "sor: cont_kukanov_fixed: S: at least one share and at most 2^31 are wanted, not 38\n"
    )


# The check is of what the engine shows: these two learn from all of it, the outcomes and the flow.
@pytest.mark.long
@pytest.mark.parametrize("name", sorted(BUILT_IN) if THOROUGH > 1 else ["censored", "cont_kukanov_online"])
def test_routers_of_the_literature_pass_the_check(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["strategy", "check", name], "sor") == 0
    assert "no look-ahead" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words"),
    [("Dice", "does not answer the same twice"), ("Peeks", "changes with what comes after"), ("Raises", "line "),
     ("TooMuch", "more than the slice's")],
)  # fmt: skip
def test_bad_ones_fail_the_check(file: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["strategy", "check", f"{file}:{name}"], "sor")
    assert ended.value.code == 1
    assert words in capsys.readouterr().err


def test_limits_are_written_as_a_mapping_or_as_pairs() -> None:
    """A type checker takes both forms too: without that, mypy fails here as it would on the page's own example."""
    by_venue, pairs = Allocation(1, limits={2: 3}), Allocation(1, limits=((2, 3),))
    assert dict(by_venue.limits) == dict(pairs.limits)


@pytest.mark.long
def test_the_file_to_start_from_passes_the_check_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["strategy", "new", "MyRouter"], "sor") == 0
    assert run(["strategy", "new", "MyRouter"], "sor") == 2
    assert "is there already" in capsys.readouterr().err
    assert run(["strategy", "check", "myrouter.py:MyRouter"], "sor") == 0
    assert "no look-ahead" in capsys.readouterr().out
    assert report(capsys, "--strategy", "myrouter.py:MyRouter")["headline"]["strategy"] == "MyRouter"
