"""The JSON Schema of a sweep's report: what the types say, true of every report, and it explains every key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from schema_keys import plain, undescribed, unknown
from sweep_tools import run_sweep

from sor.report.types.json_schema import schema_text
from sor.sweep.report.analysis import answer
from sor.sweep.report.types.estimates import Markouts
from sor.sweep.report.types.schema import FILE, sweep_schema
from sor.sweep.report.types.sweep import SweepReportJson
from sor.sweep.row import MARKOUTS

SCHEMA = sweep_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
ORDER = {"side": "buy", "quantity": "300", "fees": "none"}


Made = Mapping[str, Any]


@pytest.fixture(scope="module")
def two_cells(days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One order, worked by two strategies: nothing rests, nothing is tuned, and it is too little to tell."""
    folder = tmp_path_factory.mktemp("two")
    run_sweep(folder, ORDER | {"tape": str(days[0]), "strategy": "twap,best_ask"})
    return answer(folder).data


@pytest.fixture(scope="module")
def many(days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Routers with two parameter sets over two tapes, and a third that cannot be read."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "broken.csv").write_text("this is no tape\n")
    options = {
        "tape": [*map(str, days[:2]), str(folder / "broken.csv")], "every": 10, "router_interval": 2,
        "lambda_over": "0.01,0.05", "strategy": "delay,proportional_update",
    }  # fmt: skip
    run_sweep(folder / "out", ORDER | options)
    return answer(folder / "out").data


def test_the_schema_is_what_the_types_say_and_explains_every_key() -> None:
    """Else: python -m sor.sweep.report.types.schema"""
    assert FILE.read_text(encoding="utf-8") == schema_text(SCHEMA)
    Draft202012Validator.check_schema(SCHEMA)
    assert undescribed(SCHEMA) == []


def test_markouts_are_those_of_the_table() -> None:
    assert list(Markouts.__annotations__) == list(MARKOUTS)


def test_reports_are_what_the_types_say(two_cells: Made, many: Made) -> None:
    assert (two_cells["bake_off"], two_cells["parameters"], two_cells["sweep"]["done"]) == (None, [], 2)
    assert len(many["bake_off"]["routers"]) == 4
    assert many["sweep"]["reasons"]
    assert many["judged"][0]["tuned"]["orders"]
    assert many["judged"][0]["ci95"]
    assert many["execution"][0]["markout_1s_bps"]
    for made in (two_cells, many):
        VALIDATOR.validate(plain(made))
        assert unknown(plain(made), SCHEMA) == []
        msgspec.convert(made, SweepReportJson)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sweep", "done"), 0),
        (("judged", 0, "found"), "perhaps"),
        (("judged", 0, "tuned", "note"), ""),
        (("overall", 0, "parameters"), {"lambda_over": 0.01}),
        (("bake_off", "routers", 0, "probability_best"), 1.5),
        (("execution", 0, "markout_1s_bps", "mean_bps"), None),
        (("by", "side", 0, "value"), None),
        (("by", "venue", 0, "ci95"), [0.5]),
    ],
)
def test_other_reports_are_refused(many: Made, place: tuple[str | int, ...], value: Any) -> None:
    found = plain(many)
    assert VALIDATOR.is_valid(found)
    inner: Any = found
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert not VALIDATOR.is_valid(found)
    del inner[place[-1]]
    assert not VALIDATOR.is_valid(found)
