"""Columns of text to rows, as a format says: one module for each kind of column, and the decoder over them."""
