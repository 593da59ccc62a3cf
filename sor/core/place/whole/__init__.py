"""The placement problem in whole shares: exact integers, outcomes that are equal merged, lines by tables."""
