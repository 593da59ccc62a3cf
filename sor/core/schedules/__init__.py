"""Schedules that work slices of their own sizes, with X_M or a router inside each slice. docs/routers.md."""

SCHEDULES = {
    "is": ("almgren_chriss", "ImplementationShortfall"),
    "pov": ("pov", "PercentageOfVolume"),
    "vwap_schedule": ("volume_curve", "VwapSchedule"),
}
"""Name in the report -> module here and class."""
