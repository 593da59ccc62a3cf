"""From a tape to a topic: messages of runs, pacing, sending."""
