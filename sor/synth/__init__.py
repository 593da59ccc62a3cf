"""Synthetic tapes: a model of several venues, in integers throughout."""
