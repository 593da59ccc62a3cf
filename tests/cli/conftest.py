"""Fixtures of the command line's tests; what they are made of is in cli_fixtures.py."""

from cli_fixtures import sor

__all__ = ["sor"]
