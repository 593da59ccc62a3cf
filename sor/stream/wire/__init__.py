"""The message format: JSON bodies and headers."""
