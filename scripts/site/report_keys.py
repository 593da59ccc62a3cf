"""The report's JSON Schema as a page: every key, its type and what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

INTRO = """# The report as JSON

What `sor backtest --json` prints and `--out` writes as `report.json`. Money is a decimal that reads back exactly: parse
it as one (`json.load(file, parse_float=decimal.Decimal)`). The JSON Schema ships with the package:
`sor/report/schema.json`, or `importlib.resources.files("sor.report") / "schema.json"`. Keys that are not described here
may follow in later versions.
"""


def report_keys(path: Path) -> str:
    """The page, from the schema at `path`."""
    schema = json.loads(path.read_text("utf-8"))
    parts = [INTRO]
    for name, part in schema["properties"].items():
        parts += [f"## {name}\n", f"{_text(part)}\n", _table(part)]
    for name, part in schema["$defs"].items():
        if "properties" in part:
            parts += [f"## {_title(name)}\n", f"{_text(part)}\n", _table(part)]
    return "\n".join(parts)


def _title(name: str) -> str:
    return f"Shared: {name}"


def _table(part: Schema) -> str:
    rows = list(_rows(part, ""))
    return "\n".join(["| key | type | |", "|---|---|---|", *rows, ""]) if rows else ""


def _rows(part: Schema, path: str) -> Iterator[str]:
    for name, inner in part.get("properties", {}).items():
        key = f"{path}{name}"
        yield f"| `{key}` | {_type(inner)} | {_text(inner)} |"
        yield from _rows(inner, f"{key}.")
    if isinstance(items := part.get("items"), dict) and "properties" in items:
        yield from _rows(items, f"{path.removesuffix('.')}[].")
    if isinstance(others := part.get("additionalProperties"), dict) and path:
        yield f"| `{path}NAME` | {_type(others)} | {_text(others)} |"
        yield from _rows(others, f"{path}NAME.")


def _type(part: Schema) -> str:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#shared-{name})" if name in ("entry",) else f"{name.replace('_', ' ')}"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{json.dumps(value)}`" for value in part["enum"])
    kinds = part.get("type", [])
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    if isinstance(items := part.get("items"), dict) and "$ref" in items:
        words[0] = f"{words[0]} of {_type(items)}"
    for way in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        words.append(_type(way))
    return " or ".join(words)


def _text(part: Schema) -> str:
    return str(part.get("description", "")).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
