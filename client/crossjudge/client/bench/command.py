"""The command `crossjudge bench`: its options. Imports next to nothing, for the command line imports it."""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="About a minute: literal asserts alone, one round.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Longer turns and more of them: half an hour.")] = False,
    ways: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="What to measure.", show_default="all of them")
    ] = None,
    workloads: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="On what.", show_default="all of them")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=1000, help="How often each way takes its turn.")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.01, max=3600, help="About how long a turn of one way takes.")
    ] = None,
    latency: Annotated[bool, typer.Option(help="Measure how long one answer takes, idle and under load.")] = True,
    scaling: Annotated[bool, typer.Option(help="Measure 1, 2, … worker processes.")] = True,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Worker processes.", show_default="one a core")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the published data.", show_default="generated problems")
    ] = None,
    code_judge: Annotated[
        str | None, typer.Option(metavar="PATH|URL", help="Measure code-judge too: a checkout of it, or where it runs.")
    ] = None,
    sandboxfusion: Annotated[
        str | None, typer.Option(metavar="PATH|URL", help="Measure SandboxFusion too, likewise.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Keep all figures; - is stdout.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the figures (PNG, PDF, SVG).")] = None,
) -> None:
    """Measure how fast cells are judged on this machine, beside other ways of running them, all in one run.

    Leave the machine alone meanwhile: figures of a busy one say little.
    """
    from .choices import Choices, Effort
    from .run import run

    effort = Effort.of(quick=quick, full=full, rounds=rounds, seconds=seconds)
    choices = Choices.of(
        effort, ways=ways, workloads=workloads, latency=latency, scaling=scaling, workers=workers, data=data,
        code_judge=code_judge, sandboxfusion=sandboxfusion, json_file=json_file, plot=plot,
    )  # fmt: skip
    run(choices)
