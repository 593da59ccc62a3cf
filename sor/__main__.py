"""`python -m sor` is the same as `sor`."""

from sor.cli import main

main()
