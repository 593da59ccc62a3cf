"""The keys of `sor tca` as types, as a report's are (sor.report.types): the JSON Schema is written from them."""
