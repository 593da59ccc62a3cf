"""The JSON Schema of the report from its types: `python -m sor.report.types.schema` writes sor/report/schema.json.

msgspec makes it; here its parts are put where a reader looks for them, and what types cannot say is added.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, is_typeddict

import msgspec

from sor.report.types import (
    orders,
    rules,
    run,
    savings,
    search,
    sensitivities,
    strategies,
    tca,
    tca_costs,
    tca_resting,
    tca_venues,
)
from sor.report.types.report import ReportJson
from sor.report.types.values import TIME

Schema = dict[str, Any]

FILE = Path(__file__).parent.parent / "schema.json"
TITLE = "The report of a sor backtest"
MODULES = (orders, rules, run, savings, search, sensitivities, strategies, tca, tca_costs, tca_resting, tca_venues)

# Objects that stand in $defs, by their names there; every other one stands where it is used.
APART = {
    "StrategyEntry": "entry",
    "VenueRow": "venue",
    "VenueName": "venue_name",
    "MoneyPart": "money_part",
    "SpreadsRow": "tca_spreads",
    "MarkoutRow": "tca_markout",
    "RestingRate": "tca_rate",
    "VenueRate": "tca_rate_venue",
    "FillCurve": "tca_curve",
    "VenueCurve": "tca_curve_venue",
    "HandlingRow": "tca_venue",
    "TcaStrategy": "tca_strategy",
}
OF_STRATEGIES = (  # keys of an entry that benchmarks do not have
    "making_share",
    "taking_share",
    "orders",
    "fills",
    "odd_lot_fills",
    "venues",
    "schedule_drift_bps",
    "selection_bps",
)


def report_schema() -> Schema:
    """The schema as an object."""
    _, parts = msgspec.json.schema_components([ReportJson])
    objects = _Objects(parts)
    entry = {"if": {"properties": {"kind": {"const": "strategy"}}}, "then": {"required": list(OF_STRATEGIES)}}
    apart = {APART[name]: objects.whole(name) for name in APART}
    time = {"description": "UTC, ISO 8601 with nanoseconds.", "type": "string", "pattern": TIME}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        **objects.whole("ReportJson"),
        "$defs": {"time": time, **apart, "entry": apart["entry"] | entry},
    }


def schema_text() -> str:
    """The bytes of the file."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


class _Objects:
    """msgspec's objects by the names of their types: all of them in $defs, keys by the alphabet, decimals as texts."""

    def __init__(self, parts: dict[str, Any]) -> None:
        self._parts = parts
        found = {name: one for module in MODULES for name, one in vars(module).items() if is_typeddict(one)}
        self._keys = {name: list(one.__annotations__) for name, one in (found | {"ReportJson": ReportJson}).items()}

    def whole(self, name: str) -> Schema:
        """The object with its keys in the order of the type's."""
        part, keys = self._parts[name], self._keys[name]
        return {
            "description": " ".join(part["description"].split()),
            "type": "object",
            "properties": {key: self._placed(part["properties"][key]) for key in keys},
            "required": [key for key in keys if key in part["required"]],
        }

    def _placed(self, schema: Schema) -> Schema:
        """What a key, an item or another value may be."""
        match schema:
            case {"anyOf": [one, {"type": "null"}], **said}:
                return {**said, **_or_null(self._placed({**one, **said}))}
            case {"$ref": str(where), **said}:
                name = where.rpartition("/")[2]
                return {**said, "$ref": f"#/$defs/{APART[name]}"} if name in APART else {**self.whole(name), **said}
            case {"type": "string", "pattern": str(pattern), **said} if pattern == TIME:
                return {**said, "$ref": "#/$defs/time"}
            case {"type": "string", "format": "decimal", **said}:
                return {**said, "type": "number"}  # written as the number that it is
        placed = dict(schema)
        for key in ("items", "additionalProperties"):
            if isinstance(inner := schema.get(key), dict):
                placed[key] = self._placed(inner)
        return placed


def _or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        said = {key: value for key, value in schema.items() if key != "$ref"}
        return {**said, "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **values}


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
