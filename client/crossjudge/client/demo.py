"""`crossjudge demo`: a stack, the example problems, their passing matrices and a picture, then a small training; and no
process is left behind."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from crossjudge.contracts import ProblemResult

    from .stack import Stack

_LIMITS = {"cpu_seconds": 1.0, "wall_seconds": 5.0}
_HERE = Path(__file__).parent
_PLACES = (
    _HERE / "examples" / "problems.jsonl",  # in an installed wheel
    _HERE.parents[2] / "examples" / "problems.jsonl",  # in a checkout
)


def demo(
    output: Annotated[Path, typer.Option(file_okay=False, help="Folder for what comes of it.")] = Path("demo-output"),
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.", show_default="one a core")] = None,
    steps: Annotated[
        int, typer.Option(min=0, help="Steps in which two small models learn from the verifier; 0 leaves that out.")
    ] = 30,
) -> None:
    """Start a stack, judge the example problems, draw the matrices, train two small models, stop the stack."""
    from rich.console import Console

    from crossjudge.contracts import dump_json

    from .demo_training import train_a_pair
    from .plot import draw
    from .signals import signals_end_us
    from .stack import Stack

    console = Console(highlight=False)
    problems = example_problems()
    results_file, picture = _prepare(output)
    with (
        signals_end_us(),
        tempfile.TemporaryDirectory(prefix="crossjudge-demo-", ignore_cleanup_errors=True) as folder,
        _running(Stack(Path(folder), workers=workers), console) as stack,
    ):
        results = _judge(problems, stack.url, console)
        results_file.write_bytes(b"".join(dump_json(result) + b"\n" for result in results))
        draw(results, picture)
        _explain(results, console)
        console.print(f"Results:  {results_file}\nPicture:  {picture}\n", soft_wrap=True)
        if steps:
            train_a_pair(output, stack.url, steps, console)


def example_problems() -> list[dict[str, Any]]:
    """The problems of `examples/`, wherever this package is installed."""
    from .errors import CommandError

    for path in _PLACES:
        if path.is_file():
            return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    raise CommandError(f"the example problems are at none of {', '.join(map(str, _PLACES))}: install crossjudge anew")


def _prepare(output: Path) -> tuple[Path, Path]:
    """The files to write, in a folder that is there and can be written to: better known before than after."""
    from .errors import CommandError
    from .plot import check_can_draw

    results_file, picture = output / "results.jsonl", output / "matrices.png"
    try:
        output.mkdir(parents=True, exist_ok=True)
        results_file.write_bytes(b"")
    except OSError as error:
        raise CommandError(
            f"cannot write {results_file}: {error.strerror}; choose another folder with --output"
        ) from error
    check_can_draw(picture)
    return results_file, picture


@contextmanager
def _running(stack: "Stack", console: "Console") -> "Iterator[Stack]":
    """The stack, for as long as it is needed. What breaks it is explained by its log."""
    from .errors import CommandError
    from .stack import StackError

    try:
        with console.status("Starting Redis, the service and the workers …"):
            stack.start()
        yield stack
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt | SystemExit | StackError | CommandError):
            console.print(f"The stack's log ends:\n{stack.log_tail()}", markup=False, style="dim")
        raise
    finally:
        with console.status("Stopping the stack …"):
            stack.stop()


def _judge(problems: list[dict[str, Any]], url: str, console: "Console") -> "list[ProblemResult]":
    """The results, in the order of the problems. Each matrix is shown as soon as it is there."""
    from ._sync import Client
    from .show import matrix

    console.print(f"The stack listens at {url}. {len(problems)} problems go in.\n")
    results = {}
    with Client(url, run="demo", limits=_LIMITS) as judge:
        for grid in judge.stream(problems, cells_per_batch=1):
            console.print(matrix(grid.result), "")
            results[grid.index] = grid.result
    return [results[index] for index in sorted(results)]


def _explain(results: "list[ProblemResult]", console: "Console") -> None:
    """The legend, in plain words."""
    from .show import legend

    letters = "".join(row for result in results for row in result.matrix)
    console.print(
        "Each row is a solution, each column a test. A letter is what came of running the one against the other:"
    )
    console.print(legend(letters), "")
    console.print(
        "A row of P is a solution that passes every test. A column without P is a test that no solution passes: most "
        "likely it is wrong. Each cell ran as a process of its own in a sandbox, for a second of CPU time at most.\n"
    )
