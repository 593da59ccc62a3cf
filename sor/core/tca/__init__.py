"""Transaction cost analysis: what a desk asks of its executions. Pure functions over fills, child orders and quotes.

Prices are oriented (negative for a sell), so that a positive difference is a cost on both sides. Mids are kept doubled,
so that spreads are whole nanodollars. Formulas and sources: docs/tca.md.
"""
