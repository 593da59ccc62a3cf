"""The JSON Schema of a JSON object from its types.

msgspec makes it; here its parts are put where a reader looks for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints, is_typeddict

import msgspec

from sor.report.types.values import TIME

Schema = dict[str, Any]


def json_schema(root: type, title: str, apart: Mapping[str, str]) -> Schema:
    """The schema as an object. apart: objects that stand in $defs where there are any, by the names of their types:
    their names there; every other one stands where it is used.
    """
    _, parts = msgspec.json.schema_components([root])
    objects = _Objects(parts, _keys(root), apart)
    whole = objects.whole(root.__name__)
    defs = {where: objects.whole(name) for name, where in apart.items() if name in parts}
    if objects.has_times:
        time = {"description": "UTC, ISO 8601 with nanoseconds.", "type": "string", "pattern": TIME}
        defs = {"time": time, **defs}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **whole} | (
        {"$defs": defs} if defs else {}
    )


def schema_text(schema: Schema) -> str:
    """The bytes of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _keys(type_: Any) -> dict[str, list[str]]:
    """The keys of every object that the type is made of, by the object's name and in its order: msgspec sorts them."""
    found: dict[str, list[str]] = {}
    if is_typeddict(type_):
        hints = get_type_hints(type_)
        found[type_.__name__] = list(hints)
        inner = tuple(hints.values())
    else:
        inner = get_args(type_)
    for one in inner:
        found |= _keys(one)
    return found


class _Objects:
    """msgspec's objects by the names of their types: all of them in $defs, keys by the alphabet, decimals as texts."""

    def __init__(self, parts: dict[str, Any], keys: dict[str, list[str]], apart: Mapping[str, str]) -> None:
        self._parts, self._keys, self._apart = parts, keys, apart
        self.has_times = False

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
                if name in self._apart:
                    return {**said, "$ref": f"#/$defs/{self._apart[name]}"}
                return {**self.whole(name), **said}
            case {"type": "string", "pattern": str(pattern), **said} if pattern == TIME:
                self.has_times = True
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
