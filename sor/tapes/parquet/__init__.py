"""The package's own fast tape form, whole or by window."""
