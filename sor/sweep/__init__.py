"""Sweeps: many orders over many tapes, strategies and parameters, on this machine's cores or on a Dask cluster."""
