"""Files as people keep them: whole writes and locks, and the JSON and TOML that they write by hand."""
