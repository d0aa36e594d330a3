"""The second half of `crossjudge demo`: two small models learn from what the stack says of their programs and tests.

It runs the trainer's own commands, as anybody would type them in the demo's folder, and knows nothing else of the
trainer: only that its metrics are lines of JSON.
"""

import functools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from .errors import CommandError
from .stack import end_with_parent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

RECIPE = "zerocoder-world.yaml"
_HERE = Path(__file__).parent
_PLACES = (
    _HERE / "recipes" / RECIPE,  # in an installed wheel
    _HERE.parents[2] / "recipes" / RECIPE,  # in a checkout
)
_NEEDED = ("torch", "transformers", "peft", "yaml")
_EVALUATIONS = 3  # beside the one before the first step
# Where the verifier keeps the cores busy, more threads wait for one another: steps take ten times as long.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
_QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_COLUMNS = {
    "eval/pass@1": "pass@1",
    "eval/pass@4": "pass@4",
    "eval/tests/valid": "tests right",
    "eval/tests/kill": "kill rate",
}


def train_a_pair(output: Path, url: str, steps: int, console: "Console") -> None:
    """Makes the small world in `output`, trains its coder and tester against the verifier at `url`, shows what came of
    it, and draws a report. Raises CommandError where a part of that fails, but for the report.
    """
    if absent := [name for name in _NEEDED if find_spec(name) is None]:
        console.print(
            f"Two small models would now learn from such matrices, but {', '.join(absent)} cannot be imported: "
            "pip install 'crossjudge[trainer]'",
            markup=False,
        )
        return
    console.print(
        "Now a coder and a tester, of a million weights each, learn from such matrices and from nothing else: labels "
        f"are read to measure, not to learn. {steps} steps, on the processor."
    )
    run = output / "run"
    _make_room(run)
    shutil.copyfile(_recipe(), output / RECIPE)
    every = max(1, steps // _EVALUATIONS)
    _run(["world", "--out", "world"], output, console)
    settings = ["output_dir=run", f"max_steps={steps}", f"eval_steps={every}"]
    _run(["train", "zerocoder", RECIPE, *settings], output, console, {"CROSSJUDGE_URL": url, **_ONE_THREAD})
    console.print(_table(run), "")
    console.print(
        "pass@1, pass@4: how often a solution, or one of four, passes all reference tests of a held-out problem. "
        "Tests right: how often the reference solution agrees. Kill rate: the share of wrong solutions that a right "
        "test finds."
    )
    try:
        _run(["report", "run", "--output", "report.html"], output, console)
    except CommandError as error:
        console.print(f"There is no report: {error}", markup=False)
    else:
        console.print(f"Report:   {output / 'report.html'}", soft_wrap=True)
    console.print(f"The run:  {run}", soft_wrap=True)


def _recipe() -> Path:
    if place := next((place for place in _PLACES if place.is_file()), None):
        return place
    raise CommandError(f"the recipe is at none of {', '.join(map(str, _PLACES))}: install crossjudge anew")


def _make_room(run: Path) -> None:
    """Takes the run of an earlier demo away."""
    if (run / "metrics.jsonl").is_file():
        shutil.rmtree(run)
    elif run.exists():
        raise CommandError(f"{run} is there and is no run of a demo: move it, or choose another folder with --output")


def _run(
    arguments: list[str], folder: Path, console: "Console", environment: Mapping[str, str] = MappingProxyType({})
) -> None:
    """A command of crossjudge's own. It ends with us, and Ctrl-C reaches us alone, for it would finish its step first.

    Raises CommandError where it fails; it has said why.
    """
    shown = [*(f"{name}={value}" for name, value in environment.items()), "crossjudge", *arguments]
    console.print(f"\n$ {shlex.join(shown)}", style="bold", markup=False, soft_wrap=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "crossjudge.client", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
        env={**os.environ, **_QUIET, **environment}, start_new_session=True,
        preexec_fn=functools.partial(end_with_parent, signal.SIGKILL),
    )  # fmt: skip
    try:
        status = process.wait()
    finally:
        process.kill()
        process.wait()
    if status:
        raise CommandError(f"`crossjudge {arguments[0]}` ended with status {status}; it says why above")


def _table(run: Path) -> "Table":
    """Each evaluation of the run in a line."""
    from rich.table import Table

    table = Table("step", *_COLUMNS.values(), title="On held-out problems", box=None, title_justify="left")
    for line in (run / "metrics.jsonl").read_text("utf-8").splitlines():
        metrics = json.loads(line)
        if "eval/pass@1" in metrics:
            figures = [metrics.get(name) for name in _COLUMNS]
            table.add_row(str(metrics["step"]), *("" if figure is None else f"{figure:.3f}" for figure in figures))
    return table
