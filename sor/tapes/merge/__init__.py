"""Several files as one tape: which ones, what of them counts, and their rows merged in the order of time."""
