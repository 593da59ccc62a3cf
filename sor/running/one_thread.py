"""One thread for numpy's linear algebra: the environment of a process that is to have no more.

A sum that several threads share has other last digits on other machines, and is slower at these sizes.
"""

from __future__ import annotations

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
