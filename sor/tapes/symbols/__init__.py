"""Which stocks a tape's rows are of: names, numbers that stand for names, and codes by first appearance."""
