"""The JSON Schema of `sor tca`: `python -m sor.tca.types.schema` writes sor/tca/schema.json."""

from __future__ import annotations

from pathlib import Path

from sor.report.types.json_schema import Schema, json_schema, schema_text
from sor.report.types.schema import APART
from sor.tca.types.own import OwnReportJson

FILE = Path(__file__).parent.parent / "schema.json"
TITLE = "An analysis of executions by sor tca"


def own_report_schema() -> Schema:
    """The schema as an object."""
    return json_schema(OwnReportJson, TITLE, APART)


if __name__ == "__main__":
    FILE.write_text(schema_text(own_report_schema()), encoding="utf-8")
