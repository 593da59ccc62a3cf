"""The JSON Schema: valid itself, true of every report, and it explains every key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from sor.report.report import Report
from sor.report.schema import load_schema
from sor.report.types.report import ReportJson
from sor.report.types.schema import FILE, schema_text

SCHEMA = load_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def plain(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report.to_json())
    return found


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_is_what_the_types_say() -> None:
    """Else: python -m sor.report.types.schema"""
    assert FILE.read_text(encoding="utf-8") == schema_text()
    assert json.loads(schema_text()) == SCHEMA


def test_reports_are_what_the_types_say(
    static_report: Report, router_report: Report, made: Callable[..., Report]
) -> None:
    for report in (static_report, router_report, made()):
        msgspec.convert(report.data, ReportJson)


def test_reports_are_valid(static_report: Report, router_report: Report) -> None:
    VALIDATOR.validate(plain(static_report))
    VALIDATOR.validate(plain(router_report))


@pytest.mark.parametrize(
    "wishes",
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
def test_odd_reports_are_valid(made: Callable[..., Report], wishes: dict[str, Any]) -> None:
    if wishes.get("profile") == "seed":
        wishes = wishes | {"start": "13:36:40", "end": "13:37:00"}
    VALIDATOR.validate(plain(made(**wishes)))


def test_every_key_has_a_description() -> None:
    undescribed = [path for path, schema in _properties(SCHEMA) if "description" not in schema]
    assert undescribed == []


def test_every_key_of_a_report_is_in_the_schema(
    static_report: Report, router_report: Report, made: Callable[..., Report]
) -> None:
    for report in (static_report, router_report, made()):
        assert list(_unknown(plain(report), SCHEMA, "report")) == []


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
    report = plain(made())
    at = report
    for key in path[:-1]:
        at = at[key]
    assert path[-1] in at
    at[path[-1]] = value
    with pytest.raises(ValidationError):
        VALIDATOR.validate(report)


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_missing_keys_are_refused(made: Callable[..., Report], key: str) -> None:
    report = plain(made())
    del report[key]
    with pytest.raises(ValidationError):
        VALIDATOR.validate(report)


def test_the_designs_keys_come_first(static_report: Report) -> None:
    first = ["best_parameters", "optimized", "baselines", "savings_vs_baselines_bps", "out_of_sample", "search"]
    assert list(static_report.data)[: len(first)] == first
    assert list(static_report.data["optimized"])[:4] == ["total_cash", "avg_fill_px", "filled", "leaves"]
    assert list(static_report.data["baselines"]) == ["best_ask", "twap", "vwap"]


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        schema, null = schema["anyOf"]
        assert null == {"type": "null"}
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return found


def _properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named property, also of the definitions and of open maps."""
    if not isinstance(schema, dict):
        return
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}", inner
        yield from _properties(inner, f"{path}/{name}")
    for key in ("additionalProperties", "items"):
        yield from _properties(schema.get(key), f"{path}/{key}")
    for name, inner in schema.get("$defs", {}).items():
        yield from _properties(inner, f"$defs/{name}")


def _unknown(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    """Keys of the value that no property of the schema names."""
    schema = _resolve(schema)
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if known is None:
                yield f"{path}.{key}"
            elif isinstance(known, dict):
                yield from _unknown(inner, known, f"{path}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for inner in value:
            yield from _unknown(inner, schema["items"], f"{path}[]")
