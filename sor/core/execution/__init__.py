"""Carries out plans against the books: taking, resting, settling."""
