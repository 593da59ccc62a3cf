"""The report: what a backtest says, as JSON, as tables and as pictures."""
