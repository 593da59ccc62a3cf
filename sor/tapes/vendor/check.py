"""Whether a format's keys and values are such as its schema allows: the part of JSON Schema that the schema uses."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def fault(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "") -> str | None:
    """What is wrong with a value, in words that begin with the place of the fault; None where nothing is."""
    if "$ref" in schema:
        return fault(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
    if "anyOf" in schema:
        return _of_any(value, schema["anyOf"], root, where)
    if "type" in schema and not _is_a(value, schema["type"]):
        return f"{where or 'the file'}: {_short(value)} is no {_named(schema['type'])}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: {_short(value)} is none of {', '.join(schema['enum'])}"
    if isinstance(value, dict):
        return _of_table(value, schema, root, where)
    if isinstance(value, list):
        return _of_list(value, schema, root, where)
    if isinstance(value, str):
        return _of_text(value, schema, where)
    return _of_number(value, schema, where)


def _of_any(value: Any, options: list[dict[str, Any]], root: dict[str, Any], where: str) -> str | None:
    faults = [fault(value, option, root, where) for option in options]
    if None in faults:
        return None
    # The option of the value's own type explains best.
    of_type = [text for text, option in zip(faults, options, strict=True) if _is_a(value, _type_of(option, root))]
    return (of_type or faults)[0]


def _type_of(option: dict[str, Any], root: dict[str, Any]) -> Any:
    return (root["$defs"][option["$ref"].rpartition("/")[2]] if "$ref" in option else option)["type"]


def _of_table(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], where: str) -> str | None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key in schema.get("required", ()):
        if key not in value:
            return f"{where or 'the file'}: the key {key} is missing"
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        return f"{where}: needs one key, and has {len(value)}"
    for key, item in value.items():
        inner = f"{where}.{_key(key)}" if where else _key(key)
        if key not in known and others is False:
            return f"{inner}: there is no such key; the keys here are {', '.join(known)}"
        found = fault(item, known.get(key, others if isinstance(others, dict) else {}), root, inner)
        if found:
            return found
    return None


def _of_list(value: list[Any], schema: dict[str, Any], root: dict[str, Any], where: str) -> str | None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return f"{where}: {len(value)} values are too {'few' if len(value) < schema.get('minItems', 0) else 'many'}"
    faults = (fault(item, schema.get("items", {}), root, f"{where}[{place}]") for place, item in enumerate(value, 1))
    return next(filter(None, faults), None)


def _of_text(value: str, schema: dict[str, Any], where: str) -> str | None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return f"{where}: a text of {len(value)} characters is too {'long' if value else 'short'}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{where}: {_short(value)} is not written as it should be, such as 2025-11-03"
    return None


def _of_number(value: Any, schema: dict[str, Any], where: str) -> str | None:
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    if not least <= value <= most or value <= schema.get("exclusiveMinimum", value - 1):
        return f"{where}: {_short(value)} is out of range"
    return None


def _is_a(value: Any, kind: str | list[str]) -> bool:
    if isinstance(kind, list):
        return any(_is_a(value, one) for one in kind)
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _named(kind: str | list[str]) -> str:
    names = {"object": "table", "array": "list", "string": "text", "integer": "whole number"}
    return " or ".join(names.get(one, one) for one in ([kind] if isinstance(kind, str) else kind))


def _key(key: str) -> str:
    return key if key.isidentifier() and len(key) <= 40 else ascii(key[:40])


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
