"""What the fills have cost: shortfall, spreads, improvement and markouts, with their intervals."""
