"""Small tapes on which rules of fills go wrong easily, with the right values, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sor.cli import cli

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases" / "fills"
MODELS = ("conservative", "proportional", "optimistic")
RIGHT = {
    "t1": (100, (100, 100, 100)),  # the venue's ask came to our bid
    "t2": (500, (50, 50, 50)),  # only 50 were sold
    "t3": (100, (60, 60, 60)),  # a sale of unknown side below our bid
    "t4": (100, (0, 25, 40)),  # the level's size before an excursion of the price is remembered
    "t5": (100, (10, 30, 50)),  # forty cancellations of one share each
    "t6": (100, (50, 50, 50)),
    "t7": (100, (80, 80, 80)),
    "t8": (100, (0, 0, 0)),  # a quote that is too old to take part still queues before us
}
SLOW = ["--max-quote-age", "1", "--latency-us", "500000"]


@pytest.mark.skipif(not CASES.is_dir(), reason="the case tapes are not beside the repository")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", RIGHT)
def test_shares_made_by_an_order_that_rests_at_one_venue(name: str, model: str) -> None:
    quantity, right = RIGHT[name]
    given = ["--tape", str(CASES / f"{name}.csv"), "--quantity", str(quantity), "--router-interval", "3"]
    given += ["--fees", "none", "--queue-model", model, "--json", *(SLOW if name == "t8" else [])]
    ran = CliRunner().invoke(cli, ["backtest", *given])
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)["strategies"]["X_L_2"]
    assert sum(venue["made"] for venue in result["venues"]) == right[MODELS.index(model)]
