"""The JSON Schema of a comparison: `python -m sor.comparison.types.schema` writes sor/comparison/schema.json."""

from __future__ import annotations

from pathlib import Path

from sor.comparison.types.comparison import ComparisonJson
from sor.report.types.json_schema import Schema, json_schema, schema_text

FILE = Path(__file__).parent.parent / "schema.json"
TITLE = "A comparison of reports by sor"


def comparison_schema() -> Schema:
    """The schema as an object."""
    return json_schema(ComparisonJson, TITLE, apart={})


if __name__ == "__main__":
    FILE.write_text(schema_text(comparison_schema()), encoding="utf-8")
