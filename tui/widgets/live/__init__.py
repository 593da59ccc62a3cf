"""Panels of the run that is on: market and costs, venues, slices, the stream, and what comes next."""
