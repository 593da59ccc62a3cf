"""Fixtures of the rehearsal; what they are made of is in rehearsal_fixtures.py."""

from rehearsal_fixtures import operator

__all__ = ["operator"]
