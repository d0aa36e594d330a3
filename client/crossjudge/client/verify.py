"""`crossjudge verify`: a file of problems in, a file of results out. Its options and its messages."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.console import Console

from crossjudge.contracts import Detail, Isolation, Limits

from ._check import invalid
from ._settings import Order
from ._sync import Client
from .errors import CommandError, ConnectionFailed, CrossjudgeError, InvalidRequest, ServiceUnavailable
from .json_lines import STDIN
from .plot import check_can_draw, draw
from .problem_file import Survey, survey
from .results_file import ResultsFile
from .summary import many
from .verification import Sink, StandardOutput, Verification, tell_bad_line

MOST_BAD_LINES_SHOWN = 20
HEALTH_PATIENCE_SECONDS = 5.0


def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines of problems, also gzipped; - is stdin.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUT", help="Results; - is stdout. [NAME.results.jsonl]")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the matrices as heatmaps (PNG, PDF, SVG).")
    ] = None,
    url: Annotated[str | None, typer.Option(help="The service. [CROSSJUDGE_URL, else http://127.0.0.1:8000]")] = None,
    run: Annotated[str, typer.Option(help="The name under which the service counts this.")] = "verify",
    cpu_seconds: Annotated[float | None, typer.Option(help="CPU time of a cell.", rich_help_panel="Limits")] = None,
    wall_seconds: Annotated[float | None, typer.Option(help="Wall time of a cell.", rich_help_panel="Limits")] = None,
    memory_mb: Annotated[int | None, typer.Option(help="Memory of a cell.", rich_help_panel="Limits")] = None,
    processes: Annotated[int | None, typer.Option(help="Processes of a cell.", rich_help_panel="Limits")] = None,
    disk_mb: Annotated[int | None, typer.Option(help="What a cell may write.", rich_help_panel="Limits")] = None,
    output_kb: Annotated[int | None, typer.Option(help="Output kept of a cell.", rich_help_panel="Limits")] = None,
    isolation: Annotated[
        Isolation, typer.Option(help="Whether solution and test share an interpreter.")
    ] = Isolation.SPLIT,
    detail: Annotated[
        list[str] | None,
        typer.Option(help="messages, timings, stdout, outputs, full or none; may be repeated.", show_default="outputs"),
    ] = None,
    cache: Annotated[
        bool, typer.Option(" /--no-cache", help="Run every cell, and keep none for later.", show_default=False)
    ] = True,
    fork_per_cell: Annotated[
        bool, typer.Option("--fork-per-cell", help="Run each cell in a process of its own, even where two would do.")
    ] = False,
    priority: Annotated[
        Literal["low", "normal", "high"], typer.Option(help="Which of the run's own batches are judged first.")
    ] = "normal",
    weight: Annotated[
        float | None, typer.Option(min=0.01, max=100, help="The run's share beside your other runs.", show_default="1")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget earlier results in OUT instead of going on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object on stdout.")] = False,
    cells_per_batch: Annotated[int, typer.Option(min=1, help="About as many cells go into one batch.")] = 4000,
    in_flight: Annotated[int, typer.Option(min=1, max=256, help="Batches at the service at once.")] = 4,
) -> None:
    """Judge a file of problems: a line of results for each, a summary, and a picture if you like.

    Results hold a digest of what each solution gave back (`--detail none` leaves them out): `crossjudge select` chooses
    better with them. What is judged is written at once. Stopped by Ctrl-C or by anything else, the same command goes
    on where it was.
    """
    limits = _limits(
        cpu_seconds=cpu_seconds, wall_seconds=wall_seconds, memory_mb=memory_mb, processes=processes,
        disk_mb=disk_mb, output_kb=output_kb,
    )  # fmt: skip
    order = Order(run, limits, isolation, _details(detail or [Detail.OUTPUTS]), cache, fork_per_cell)
    results = output or default_output(file)
    _check_files(file, results, as_json)
    if plot is not None:
        check_can_draw(plot)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Client(
        url, run=run, limits=limits, isolation=isolation, detail=order.detail, cache=cache,
        fork_per_cell=fork_per_cell, priority=priority, weight=weight,
    ) as client:  # fmt: skip
        found = None if file == STDIN else survey(file)
        if found is not None:
            _tell(console, file, found)
        work = Verification(client, file, found, console, keep=plot is not None, batch=(cells_per_batch, in_flight))
        with _sink(results, file, found, order, restart) as sink:
            _go(work, sink, results, console)
    _finish(work, results, plot, as_json, console)


def default_output(file: str) -> str:
    """`humaneval.results.jsonl`, in the current folder, for `data/humaneval.jsonl.gz`; stdout for stdin."""
    if file == STDIN:
        return STDIN
    name = Path(file).name
    for suffix in (".gz", ".jsonl", ".json"):
        name = name.removesuffix(suffix)
    return f"{name or 'problems'}.results.jsonl"


def _limits(**given: float | None) -> Limits:
    try:
        return Limits.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = invalid(error, "").violations[0]
        raise CommandError(f"--{first.path.lstrip('.').replace('_', '-')}: {first.detail}") from error


def _details(given: list[str]) -> list[Detail]:
    words = [word for entry in given for word in entry.split(",") if word]
    if unknown := [word for word in words if word not in ("full", "none") and word not in set(Detail)]:
        raise CommandError(f"--detail: there is no {unknown[0]!r}; there are {', '.join(Detail)}, full and none")
    if "none" in words and len(words) > 1:
        raise CommandError("--detail none asks for no details: leave it out, or the others")
    return [detail for detail in Detail if "full" in words or detail in words]


def _check_files(file: str, results: str, as_json: bool) -> None:
    if results == STDIN:
        if as_json:
            raise CommandError("--json prints the summary on stdout, where the results would go: name a file with -o")
        return
    if results.endswith(".gz"):
        raise CommandError(
            f"{results}: results are written as plain text, so that they can be gone on with; leave off .gz"
        )
    if file != STDIN and Path(results).exists() and Path(file).exists() and Path(results).samefile(file):
        raise CommandError(f"{results} is the file of problems itself: name another file with -o")


def _sink(results: str, file: str, found: Survey | None, order: Order, restart: bool) -> Sink:
    if results == STDIN:
        return StandardOutput()
    path = Path(results)
    if found is None and not restart and path.exists() and path.stat().st_size:
        why = "what comes from stdin cannot be compared with an earlier run"
        raise CommandError(f"{results} holds results already, and {why}: name another file, or add --restart")
    limits = order.limits.model_dump() if isinstance(order.limits, Limits) else {}
    terms: dict[str, Any] = {"input": found.digest if found else None, "limits": limits}
    return ResultsFile(path, {**terms, "isolation": order.isolation, "detail": order.detail}, restart=restart)


def _tell(console: Console, file: str, found: Survey) -> None:
    """What the file holds that its owner may not expect, each once."""
    for bad in found.bad[:MOST_BAD_LINES_SHOWN]:
        tell_bad_line(console, file, bad)
    if len(found.bad) > MOST_BAD_LINES_SHOWN:
        console.print(f"… and {len(found.bad) - MOST_BAD_LINES_SHOWN:,} more bad lines", markup=False)
    if found.bad:
        console.print(f"{many(len(found.bad), 'bad line')} left out, the others are judged", markup=False)
    tell_oddities(console, found)


def tell_oddities(console: Console, found: Survey) -> None:
    if found.left_aside:
        console.print(f"fields left aside: {', '.join(sorted(found.left_aside))}", markup=False)
    if found.renamed:
        repeated = many(found.renamed, "line")
        console.print(f"{repeated} with an id that another line has too: named id#line in the results", markup=False)


def _go(work: Verification, sink: Sink, results: str, console: Console) -> None:
    """Run the work; whatever ends it early, say what is kept and how to go on."""
    try:
        sink.open(work.earlier)
        if work.is_over:
            return
        _greet(work, console)
        work.run(sink)
    except KeyboardInterrupt:
        console.print(f"stopped: {_kept(work, results)}", markup=False)
        raise typer.Exit(130) from None
    except (ConnectionFailed, ServiceUnavailable) as error:
        hint = "start one with `crossjudge up`, or name one with --url or CROSSJUDGE_URL"
        raise CommandError(f"{error.detail}: {hint}. {_kept(work, results)}") from error
    except (CommandError, InvalidRequest):
        raise  # nothing to go on with: the command itself has to change
    except CrossjudgeError as error:
        raise CommandError(f"{error}. {_kept(work, results)}") from error


def _kept(work: Verification, results: str) -> str:
    if not work.summary.problems:
        return "Nothing was judged."
    kept = f"Results written so far: {many(work.summary.problems, 'problem')}"
    if results == STDIN:
        return f"{kept}."
    on = "; the same command (without --restart) goes on from there." if work.found is not None else "."
    return f"{kept}, in {results}{on}"


def _greet(work: Verification, console: Console) -> None:
    """See that a service is there, with little patience; without a worker it would only queue, so say that."""
    deadline = time.monotonic() + HEALTH_PATIENCE_SECONDS
    while True:
        try:
            work.client.health()
            break
        except ConnectionFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    try:
        work.client.ready()
    except ServiceUnavailable as error:
        console.print(f"the service is not ready yet, and cells wait until it is: {error.detail}", markup=False)


def _finish(work: Verification, results: str, plot: Path | None, as_json: bool, console: Console) -> None:
    summary, bad = work.summary, work.read_so_far.bad
    if work.found is None:
        tell_oddities(console, work.read_so_far)
    summary.results = "stdout" if results == STDIN else results
    if plot is not None:
        summary.plots = [str(path) for path in draw(work.kept_in_order(), plot, title=Path(work.file).name)]
    if as_json:
        lines = [{"line": line.number, "path": line.path, "detail": line.detail} for line in bad]
        typer.echo(json.dumps({**summary.as_json(), "bad_lines": lines}))
    else:
        summary.show(console if results == STDIN else Console(file=sys.stdout, highlight=False, soft_wrap=True))
    if bad or summary.refused:
        counts = [(len(bad), "bad line"), (len(summary.refused), "refused problem")]
        words = " and ".join(many(count, what) for count, what in counts if count)
        raise CommandError(f"no result for {words} (see above)")
