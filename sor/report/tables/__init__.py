"""The report for people at a terminal: tables that fit 80 columns, read from its JSON object."""
