"""The search on a sample of outcomes: line by line along quantities, pairs and ridges, until nothing is cheaper."""
