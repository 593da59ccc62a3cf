"""The JSON Schema of the report: `python -m sor.report.types.schema` writes sor/report/schema.json.

It is the schema of the types, and what types cannot say is added.
"""

from __future__ import annotations

from pathlib import Path

from sor.report.types.json_schema import Schema, json_schema, schema_text
from sor.report.types.report import ReportJson

FILE = Path(__file__).parent.parent / "schema.json"
TITLE = "The report of a sor backtest"

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
    schema = json_schema(ReportJson, TITLE, APART)
    schema["$defs"]["entry"] |= {
        "if": {"properties": {"kind": {"const": "strategy"}}},
        "then": {"required": list(OF_STRATEGIES)},
    }
    return schema


if __name__ == "__main__":
    FILE.write_text(schema_text(report_schema()), encoding="utf-8")
