"""Routers from the literature to compare with cont_kukanov: one a file, each using the past only. docs/routers.md."""

BUILT_IN = {
    "censored": "Censored",
    "cont_kukanov_fixed": "ContKukanovFixed",
    "cont_kukanov_online": "ContKukanovOnline",
    "delay": "Delay",
    "imbalance": "Imbalance",
    "proportional_update": "ProportionalUpdate",
}
"""Name in the report and module here -> class."""
