"""Vendors' tapes, each described by a small TOML file: see sor/tapes/formats and docs/formats.md."""
