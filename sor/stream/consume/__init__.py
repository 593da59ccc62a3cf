"""From a topic to snapshots: runs, their order and completeness, checkpoints, groups."""
