"""The report's keys as types, a module a family of sections: names, types and what each key means.

The sections (sor.report.sections, sor.report.tca) are checked against them by mypy, and the JSON Schema is written from
them (sor.report.types.schema). A report is made of plain dicts, and nothing that runs a backtest loads these modules
or msgspec.
"""
