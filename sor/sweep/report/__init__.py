"""What a finished sweep found: estimates, tables, the page."""
