"""Fixtures of the terminal interface's tests; what they are made of is in tui_fixtures.py."""

from tui_fixtures import state

__all__ = ["state"]
