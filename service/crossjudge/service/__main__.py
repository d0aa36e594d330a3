"""`python -m crossjudge.service`: the command `serve` where the command line of crossjudge is not installed."""

import typer

from .commands import serve

if __name__ == "__main__":
    typer.run(serve)
