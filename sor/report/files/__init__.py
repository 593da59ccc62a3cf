"""Reports as files: the folder that `--out` makes, a folder for each symbol, and reading them again."""
