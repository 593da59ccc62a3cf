"""A sweep's report's keys as types, as a backtest's are (sor.report.types): the JSON Schema is written from them."""
