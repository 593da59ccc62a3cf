"""A request at work: the tape opened, the source run to a report, and the processes that share the work."""
