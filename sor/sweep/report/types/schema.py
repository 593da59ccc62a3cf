"""The JSON Schema of a sweep's report: `python -m sor.sweep.report.types.schema` writes schema.json beside it."""

from __future__ import annotations

from pathlib import Path

from sor.report.types.json_schema import Schema, json_schema, schema_text
from sor.sweep.report.types.sweep import SweepReportJson

FILE = Path(__file__).parent.parent / "schema.json"
TITLE = "The report of a sor sweep"

# Objects that stand in $defs, by their names there; every other one stands where it is used.
APART = {"MeanOfOrders": "mean", "GroupSavings": "group"}


def sweep_schema() -> Schema:
    """The schema as an object."""
    return json_schema(SweepReportJson, TITLE, APART)


if __name__ == "__main__":
    FILE.write_text(schema_text(sweep_schema()), encoding="utf-8")
