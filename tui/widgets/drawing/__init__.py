"""Curves and bars out of characters."""
