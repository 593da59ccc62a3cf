"""Transaction cost analysis of executions that somebody really had, against a tape: `sor tca`."""
