"""The Cont-Kukanov placement problem."""
