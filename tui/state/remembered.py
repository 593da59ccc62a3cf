"""The last form that was run, for the next session."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from sor.files.writing import private_dir, write_whole
from sor.paths import state_dir
from tui.state import form

NAME = "form.json"


def remember(values: Mapping[str, str]) -> None:
    """Where nothing can be written nothing is remembered, and that is no error."""
    with suppress(OSError):
        private_dir(state_dir())
        write_whole(state_dir() / NAME, json.dumps(dict(values), indent=2), private=True)


def last_form() -> dict[str, str]:
    """Empty where there is none, or none that this version understands."""
    try:
        found = json.loads((state_dir() / NAME).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if name in form.FIELDS and isinstance(value, str)}
