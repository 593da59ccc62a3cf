"""A tape read once into a spool on disk, in time order, and read from there as often as wanted."""
