"""`python -m crossjudge.client`: the command line, whatever is on PATH."""

from .cli import main

main()
