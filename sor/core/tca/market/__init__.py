"""What the market did: at the fills and after them, in the window, and whether it can have given a fill."""
