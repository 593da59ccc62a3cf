"""Lines of text to columns of text, and what becomes of the bad ones: for every format that is text."""
