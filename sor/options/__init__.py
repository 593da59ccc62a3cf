"""What a user may ask of an order: the table of its options, their values as exact units, and its window of time."""
