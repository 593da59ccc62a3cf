"""The report as pictures, without pyplot: they need no screen, and leave the user's backend and settings alone."""
