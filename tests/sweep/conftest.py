"""Fixtures of the sweep's tests; what they are made of is in sweep_tools.py."""

from sweep_tools import cluster, days

__all__ = ["cluster", "days"]
