"""A whole backtest: one session, the two passes over the stream, and what a screen shows of it."""
