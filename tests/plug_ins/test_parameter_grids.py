"""Grids of a router's parameters: each slice follows what was cheapest until then, and nothing later."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sor import backtest
from sor.cli import run
from sor.core.backtest.plugged import own_strategy
from sor.core.backtest.session import Session
from sor.core.execution.engine import Execution
from sor.core.market.batch import Snapshot, batch_of
from sor.core.order import ParentOrder, Side
from sor.core.router.allocators import CrossVenue, Decision
from sor.core.router.follow_cheapest import FollowCheapest, scaled
from sor.core.schedule import Schedule
from sor.core.spec import Spec
from sor.core.strategies.allocation import Allocation
from sor.core.units import FAR, NANO
from sor.errors import InputError
from sor.plug_ins.check import SECONDS, START, hard_tape
from sor.plug_ins.find import find_plug_in
from sor.report.pages.report_page import PageContent, page
from sor.report.report import Report
from sor.report.schema import load_schema
from sor.report.tables.report_table import print_report
from sor.strategies import FeeSchedule, View

pytestmark = pytest.mark.usefixtures("tape_read_once")

CODE = """
from sor.strategies import Allocation, Router, Strategy, Plan, resting_places

class Share(Router):
    def __init__(self, share: float = 0.5, name: str = ""):
        self.share = share

    def allocate(self, view, size):
        best = max((v.rest_px for v in view.venues), default=0)
        places = resting_places(view, best)
        if not places:
            return Allocation(size)
        rest = int(size * self.share)
        return Allocation(size - rest, limits={places[0]: rest})

class Whole(Strategy):
    def __init__(self, n: int = 1):
        pass
    def decide(self, view):
        return Plan(sweep=view.leaves)
"""
SHORT: dict[str, Any] = {"end": "13:32:00", "quantity": 900}


def printed(report: Report) -> str:
    out = StringIO()
    print_report(report.data, Console(file=out, width=80, highlight=False))
    return out.getvalue()


def page_of(report: Report) -> str:
    return page(PageContent(report.data, None, None))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("grid") / "share.py"
    path.write_text(CODE)
    return f"{path}:Share"


def worked(reference: str, shares: str, side: Side, tape: list[Snapshot], cut: int) -> tuple[CrossVenue[Any], Session]:
    plug_in = find_plug_in(reference, {"share": shares})
    assert plug_in is not None
    order = ParentOrder(side, 3_000, START, START + SECONDS * NANO)
    spec = Spec(side=side, quantity=3_000, strategy="Share", plug_in=plug_in, router_interval=NANO)
    strategy = own_strategy(spec, plug_in, order)
    assert isinstance(strategy, CrossVenue)
    session = Session.for_order(order, spec.rules, [strategy], queues=True)
    for at in range(0, len(tape), cut):
        session.on_batch(batch_of(tape[at : at + cut]))
    session.result()
    return strategy, session


@pytest.mark.parametrize("side", list(Side))
def test_each_slice_follows_what_was_cheapest_until_then(own: str, side: Side) -> None:
    """Against runs of each candidate by itself, valued by hand at every decision."""
    tape, shares = hard_tape(4), ("0", "0.5", "1")
    strategy, session = worked(own, ",".join(shares), side, tape, 30)
    alone = {share: worked(own, share, side, tape, 10_000) for share in shares}
    views: list[View] = []
    runs: list[Execution] = [one.executions["Share"] for _, one in alone.values()]
    schedule, followed = strategy.schedule, []
    taken = _first_take(tape, side)
    for decision in strategy.decisions:
        index = schedule.index(decision.ts)
        due, now = schedule.target(index - 1) if index else 0, taken(decision.ts)
        costs = []
        for run_ in runs:
            fills = [fill for fill in run_.fills if fill.ts < decision.ts]
            costs.append(sum(fill.qty * fill.px for fill in fills) + (due - sum(fill.qty for fill in fills)) * now)
        at = {
            k: next((d for d in one.decisions if d.ts == decision.ts), None)
            for k, (one, _) in enumerate(alone.values())
        }
        there = [k for k, found in at.items() if found is not None]
        if there:
            best = min(there, key=lambda k: (costs[k], k))
            assert decision.allocation == scaled(at[best], decision.size)  # type: ignore[arg-type]
            followed += [best] if index else []
    assert isinstance(strategy.allocate, FollowCheapest)
    assert strategy.allocate.followed == followed
    assert len(set(followed)) > 1
    assert not views
    assert sum(fill.qty for fill in session.executions["Share"].fills) == 3_000


def _first_take(tape: list[Snapshot], side: Side):  # type: ignore[no-untyped-def]
    """The best oriented price to take as of a time, from the tape itself; 0 where there is none."""

    def at(ts: int) -> int:
        last: dict[int, int] = {}
        for one in tape:
            if one.ts > ts:
                break
            for quote in one.quotes:
                px, sz = (quote.ask_px, quote.ask_sz) if side is Side.BUY else (-quote.bid_px, quote.bid_sz)
                last[quote.venue] = px if sz else FAR
        best = min(last.values(), default=FAR)
        return 0 if best == FAR else best

    return at


@pytest.mark.parametrize("cut", [1, 17, 10_000])
@pytest.mark.parametrize("rise", [-5, 5])
def test_what_comes_later_changes_no_decision(own: str, cut: int, rise: int) -> None:
    tape = hard_tape(4)
    middle = START + SECONDS * NANO // 2
    mixed = [s for s in tape if s.ts <= middle] + [s for s in hard_tape(9, rise) if s.ts > middle]
    first, second = (worked(own, "0,0.5,1", Side.BUY, one, cut)[0] for one in (tape, mixed))
    known = [d for d in first.decisions if d.ts <= middle]
    assert [d for d in second.decisions if d.ts <= middle] == known
    assert len(known) > 20


def test_candidates_that_are_alike_give_the_figures_of_one(own: str) -> None:
    several = dict(backtest(strategy=own, param={"share": 0.3, "name": ["a", "b"]}, **SHORT).data)
    single = dict(backtest(strategy=own, param={"share": 0.3}, **SHORT).data)
    search = several.pop("search")
    assert (search["candidates"], search["parameters_matter"]) == (2, False)
    assert [one["slices"] for one in search["followed"]] == [23, 0]
    for data in (several, single):
        data.pop("request")
    single.pop("search")
    assert several == single


def test_the_report_says_what_was_followed_and_is_valid(own: str) -> None:
    from jsonschema import Draft202012Validator

    report = backtest(strategy=own, param={"share": "0.1,0.9"}, orders=2, **SHORT)
    import json

    Draft202012Validator(load_schema()).validate(json.loads(report.to_json()))
    found = report.data["search"]
    assert sum(one["slices"] for one in found["followed"]) <= 23
    assert min(one["beyond_cheapest_bps"] for one in found["followed"]) == 0
    assert found["cheapest_in_sample"] in [one["parameters"] for one in found["followed"]]
    text, html = " ".join(printed(report).split()), page_of(report)
    chosen = found["cheapest_in_sample"]["share"]
    assert f"Best in sample of 2 candidates: share {chosen} Followed slice by slice: share 0.1 in " in text
    assert "tuned on the past only" in text
    assert "What Share saves on this order against" in text  # walked forward: not tuned on this order
    assert "not to be quoted" not in html
    assert "share 0.1 in " in html
    assert "lambda_over" not in text + html


def test_a_router_without_a_grid_is_not_called_tuned(own: str) -> None:
    report = backtest(strategy=own, param={"share": 0.3}, **SHORT)
    text, html = " ".join(printed(report).split()), page_of(report)
    slices = report.data["headline"]["slices"]
    assert f"It worked {slices['judged']} of {slices['of']} slices in another way than X_M" in text
    assert "in another way than X_M, and was shown the past only." in html
    assert "tuned" not in text
    assert "Best in sample" not in text
    assert "lambda_over" not in text + html


def test_a_baseline_that_is_chosen_is_not_called_tuned() -> None:
    report = backtest(strategy="X_E", **SHORT)
    text = " ".join(printed(report).split())
    assert "What X_E saves on this order against" in text
    assert "candidates of cont_kukanov" in text
    assert "in another way than X_M" in text
    assert "not to be quoted" not in page_of(report)


def test_an_allocation_is_scaled_to_another_slice() -> None:
    decision = Decision(0, 100, Allocation(30, 5, ((1, 50), (2, 20))))
    assert scaled(decision, 100) is decision.allocation
    assert scaled(decision, 33) == Allocation(11, 5, ((1, 16), (2, 6)))
    assert FeeSchedule({}).take(1) == 0
    assert Schedule(0, 1, 1, 10, 1).target(0) == 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["delay", "--param", "c=1,"], "a grid has values that differ"),
        (["delay", "--param", "c=1,1"], "a grid has values that differ"),
        (["delay", "--param", "c=1,x"], "parameter c must be of type float, not 'x'"),
        (["delay", "--param", "c=1,-1"], "c and window must be above 0"),
        (["pov", "--param", "rate=0.1,0.2"], "a grid of parameters is for routers"),
        (["delay", "--param", "c=" + ",".join(map(str, range(1, 103)))], "102 combinations are too many"),
    ],
)
def test_nonsense_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "--json", "--strategy", *words], "sor") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_full_strategies_and_checks_take_one_value_each(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="a grid of parameters is for routers"):
        backtest(strategy=own.replace(":Share", ":Whole"), param={"n": [1, 2]})
    assert run(["strategy", "check", own, "--param", "share=0.1,0.2"], "sor") == 2
    assert "one value each" in capsys.readouterr().err
    assert Path(own.split(":")[0]).is_file()
