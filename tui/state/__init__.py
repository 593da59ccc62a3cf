"""What a session has: the run that is on, the form, the reports that are kept, what was run last."""
