"""How the orders that were routed have fared: how often and when they were filled, and at which venue."""
