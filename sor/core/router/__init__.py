"""The Cont-Kukanov router: its slice problem, outflow history, grid search and walk forward."""
