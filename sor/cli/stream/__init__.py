"""Commands that write to a topic, read one, and run the broker that has it."""
