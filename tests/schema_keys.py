"""The keys of a JSON Schema of ours: which have no description, and which of an output it does not name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sor.report.encode import encode

Schema = dict[str, Any]


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The output as any reader has it: as JSON, read back."""
    found: dict[str, Any] = json.loads(encode(data))
    return found


def undescribed(schema: Schema) -> list[str]:
    """Every named property without a description, also of the definitions and of open maps."""
    return [path for path, part in _properties(schema) if "description" not in part]


def unknown(value: Any, schema: Schema) -> list[str]:
    """Keys of the value that no property of the schema names."""
    return list(_unknown(value, schema, schema.get("$defs", {}), "$"))


def _properties(schema: Any, path: str = "") -> Iterator[tuple[str, Schema]]:
    if not isinstance(schema, dict):
        return
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}", inner
        yield from _properties(inner, f"{path}/{name}")
    for key in ("additionalProperties", "items"):
        yield from _properties(schema.get(key), f"{path}/{key}")
    for name, inner in schema.get("$defs", {}).items():
        yield from _properties(inner, f"$defs/{name}")


def _unknown(value: Any, schema: Schema, defs: Mapping[str, Schema], path: str) -> Iterator[str]:
    schema = _resolve(schema, defs)
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if known is None:
                yield f"{path}.{key}"
            elif isinstance(known, dict):
                yield from _unknown(inner, known, defs, f"{path}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for inner in value:
            yield from _unknown(inner, schema["items"], defs, f"{path}[]")


def _resolve(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    if {"type": "null"} in schema.get("anyOf", ()):
        schema, null = schema["anyOf"]
        assert null == {"type": "null"}
    return defs[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
