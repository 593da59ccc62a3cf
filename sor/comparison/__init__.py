"""Reports side by side: of runs, of routers, of days."""
