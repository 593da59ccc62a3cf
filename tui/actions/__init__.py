"""What the keys of the application do, each part over one base: runs, reports, the broker; by processes that work."""
