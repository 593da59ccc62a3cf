"""CSV tapes: the form of a file, its rows, their decoding."""
