"""Strategies of one's own, from outside of the package: found, checked on hard tapes, and their time measured."""
