"""The JSON Schema of the report (2020-12), which travels inside the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def load_schema() -> dict[str, Any]:
    """The schema as an object, ready for `jsonschema.validate(json.loads(report.to_json()), load_schema())`."""
    schema: dict[str, Any] = json.loads(files("sor.report").joinpath("schema.json").read_text(encoding="utf-8"))
    return schema
