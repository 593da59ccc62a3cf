"""Sources of snapshots: the protocol that tapes and streams keep, a part of one, and a buffer for another pass."""
