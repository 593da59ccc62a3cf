"""What the report's JSON has by rule, and tables, pages and the screen do not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVIDENCE = ("ci95", "p_value", "verdict")


def without_drift(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A report in which other schedules have a mean out of sample, and no interval, p-value or verdict.

    They buy at other times. What the price does between the times is one draw a tape, which slices of that tape
    cannot tell the spread of (docs/model.md): shown, such an interval would be quoted.
    """
    sample = data.get("out_of_sample") or {}
    others = sample.get("other_schedules", ())
    if not others:
        return data
    shown = {key: sample[key] | dict.fromkeys(others) for key in EVIDENCE if key in sample}
    return {**data, "out_of_sample": {**sample, **shown}}
