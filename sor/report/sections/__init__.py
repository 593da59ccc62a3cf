"""The report's JSON object, a module a section; `sor.report.build` puts them together."""
