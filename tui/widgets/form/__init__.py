"""Fields of the form: a choice, and paths that are completed."""
