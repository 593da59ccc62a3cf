"""The screens: what is on each, and what its keys do."""
