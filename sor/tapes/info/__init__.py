"""What is on a tape: `sor data info`."""
