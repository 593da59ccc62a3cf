"""The numerical section of Cont and Kukanov (arXiv:1210.1625v4), computed again."""
