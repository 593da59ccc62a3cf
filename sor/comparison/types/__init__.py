"""A comparison's keys as types, as a report's are (sor.report.types): the JSON Schema is written from them."""
