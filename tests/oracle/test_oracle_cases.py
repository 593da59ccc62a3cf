"""The reference against small tapes whose right values are known: eight by hand, three queue models each."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from reference import Delay, Order, Rules, work
from reference.market import Level, Quote, Snapshot, Trade, mirrored
from reference.rules import SECOND

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
beside = pytest.mark.skipif(not CASES.is_dir(), reason="the case tapes are not beside the repository")
MODELS = ("conservative", "proportional", "optimistic")
MADE = {
    "t1": (100, (100, 100, 100)),
    "t2": (500, (50, 50, 50)),
    "t3": (100, (60, 60, 60)),
    "t4": (100, (0, 25, 40)),
    "t5": (100, (10, 30, 50)),
    "t6": (100, (50, 50, 50)),
    "t7": (100, (80, 80, 80)),
    "t8": (100, (0, 0, 0)),
}
RULES = Rules(router_interval=3 * SECOND)
SLOW = Rules(router_interval=3 * SECOND, latency=Delay(500_000_000), max_quote_age=SECOND)


def read(path: Path) -> list[Snapshot]:
    """At one time the state of a venue is its last row; trades come from rows T, before the quotes."""
    rows: dict[int, list[dict[str, str]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(time(row["ts_event"]), []).append(row)
    return [
        Snapshot(ts, tuple({r["publisher_id"]: quote(r) for r in at}.values()), tuple(trades(at)))
        for ts, at in sorted(rows.items())
    ]


def time(text: str) -> int:
    """Nanoseconds as they are, or a UTC time with nine decimals."""
    if text.isdigit():
        return int(text)
    seconds, nanos = text.removesuffix("Z").split(".")
    return int(datetime.fromisoformat(f"{seconds}+00:00").timestamp()) * SECOND + int(nanos)


def price(text: str) -> int:
    return int(Decimal(text) * 10**9)


def quote(row: dict[str, str]) -> Quote:
    bid = Level(price(row["bid_px_00"]), int(row["bid_sz_00"]))
    ask = Level(price(row["ask_px_00"]), int(row["ask_sz_00"]))
    return Quote(int(row["publisher_id"]), bid, ask)


def trades(rows: list[dict[str, str]]) -> list[Trade]:
    return [
        Trade(int(r["publisher_id"]), price(r["price"]), int(r["size"]), r["side"]) for r in rows if r["action"] == "T"
    ]


@beside
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", MADE)
def test_shares_made_on_a_case_tape(name: str, model: str) -> None:
    quantity, right = MADE[name]
    tape = read(CASES / "fills" / f"{name}.csv")
    order = Order("buy", quantity, tape[0].ts, tape[-1].ts)
    worked = work(tape, order, SLOW if name == "t8" else RULES, "X_L_2", model)
    assert worked.made == right[MODELS.index(model)]
    assert worked.filled + worked.forced + worked.leaves == quantity


@beside
@pytest.mark.parametrize("model", MODELS)
def test_an_offer_that_comes_down_to_our_bid_meets_us_before_it_goes_below(model: str) -> None:
    """No trade is on this tape: the ask falls from 10.05 to our 10.00, later to 9.99."""
    tape = read(CASES / "tapes" / "x_crossed_no_trade.csv")
    worked = work(tape, Order("buy", 300, tape[0].ts, tape[-1].ts), Rules(), "X_L_2", model)
    assert [(f.px, f.qty, f.kind) for f in worked.fills] == [(price("10.00"), 300, "maker")]


@beside
@pytest.mark.parametrize("name", MADE)
def test_a_sell_on_the_mirrored_case_tape(name: str) -> None:
    quantity, right = MADE[name]
    tape = mirrored(read(CASES / "fills" / f"{name}.csv"))
    rules = SLOW if name == "t8" else RULES
    order = Order("sell", quantity, tape[0].ts, tape[-1].ts)
    assert tuple(work(tape, order, rules, "X_L_2", model).made for model in MODELS) == right
