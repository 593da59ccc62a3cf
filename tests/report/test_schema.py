"""The JSON Schema: valid itself, true of every report, and it explains every key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError
from schema_keys import plain, undescribed, unknown

from sor.report.report import Report
from sor.report.schema import load_schema
from sor.report.types.json_schema import schema_text
from sor.report.types.report import ReportJson
from sor.report.types.schema import FILE, report_schema

SCHEMA = load_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_is_what_the_types_say() -> None:
    """Else: python -m sor.report.types.schema"""
    assert FILE.read_text(encoding="utf-8") == schema_text(report_schema())
    assert report_schema() == SCHEMA


def test_reports_are_what_the_types_say(
    static_report: Report, router_report: Report, made: Callable[..., Report]
) -> None:
    for report in (static_report, router_report, made()):
        msgspec.convert(report.data, ReportJson)


def test_reports_are_valid(static_report: Report, router_report: Report) -> None:
    VALIDATOR.validate(plain(static_report.data))
    VALIDATOR.validate(plain(router_report.data))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"side": "sell"},
        {"strategy": "best_ask"},
        {"strategy": "cont_kukanov"},
        {"limit_price": "99"},
        {"asks": False},
        {"liquidity": "replenish", "snapshot_rule": "first"},
        {"profile": "seed", "start": None, "end": None, "fees": None},
        {"latency_us": "250.5", "max_quote_age": "1.5"},
        {"quantity": 10_000_000},
    ],
)
def test_odd_reports_are_valid(made: Callable[..., Report], options: dict[str, Any]) -> None:
    if options.get("profile") == "seed":
        options = options | {"start": "13:36:40", "end": "13:37:00"}
    VALIDATOR.validate(plain(made(**options).data))


def test_every_key_has_a_description() -> None:
    assert undescribed(SCHEMA) == []


def test_every_key_of_a_report_is_in_the_schema(
    static_report: Report, router_report: Report, made: Callable[..., Report]
) -> None:
    for report in (static_report, router_report, made()):
        assert unknown(plain(report.data), SCHEMA) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("optimized", "total_cash"), "1113700.0"),
        (("optimized", "filled"), 1.5),
        (("optimized", "leaves"), -1),
        (("optimized", "kind"), "router"),
        (("order", "side"), "BUY"),
        (("order", "start"), "13:36:32"),
        (("order", "quantity"), 0),
        (("stream", "gaps"), None),
        (("warnings",), [""]),
        (("savings_vs_baselines_bps", "twap"), "much"),
        (("rules", "fees", "2"), {"take": 0.1}),
    ],
)
def test_wrong_values_are_refused(made: Callable[..., Report], path: tuple[str, ...], value: Any) -> None:
    report = plain(made().data)
    at = report
    for key in path[:-1]:
        at = at[key]
    assert path[-1] in at
    at[path[-1]] = value
    with pytest.raises(ValidationError):
        VALIDATOR.validate(report)


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_missing_keys_are_refused(made: Callable[..., Report], key: str) -> None:
    report = plain(made().data)
    del report[key]
    with pytest.raises(ValidationError):
        VALIDATOR.validate(report)


def test_the_designs_keys_come_first(static_report: Report) -> None:
    first = ["best_parameters", "optimized", "baselines", "savings_vs_baselines_bps", "out_of_sample", "search"]
    assert list(static_report.data)[: len(first)] == first
    assert list(static_report.data["optimized"])[:4] == ["total_cash", "avg_fill_px", "filled", "leaves"]
    assert list(static_report.data["baselines"]) == ["best_ask", "twap", "vwap"]
