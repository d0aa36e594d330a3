"""`python -m crossjudge.worker`: `crossjudge worker` for where the command line is not installed, as in its image."""

import typer

from .commands import worker

typer.run(worker)
