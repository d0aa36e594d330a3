"""`crossjudge select`: verify's results in, a choice of solutions and tests out for each. Options and messages."""

import gzip
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossjudge.client.errors import CommandError
from crossjudge.client.json_lines import STDIN, BadLine, opened
from crossjudge.client.summary import many

from .results import JudgedProblem, Sources, judged_problems
from .selectors import SELECTORS, BadMatrix, Selection, Selector, SelectorError, make_selector
from .selectors.gates import Gated
from .selectors.options import Option, options_from, options_of_class
from .selectors.registry import BEST, RECOMMENDED, kind_of

MOST_BAD_LINES_SHOWN = 20


def select(
    results: Annotated[
        str | None,
        typer.Argument(metavar="RESULTS", help="What verify wrote, also gzipped; - is stdin.", show_default=False),
    ] = None,
    selector: Annotated[
        str, typer.Option(metavar="NAME", help="Which selector; best is the one that we recommend.")
    ] = BEST,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT", help="A line a problem, gzipped for .gz; - is stdout.")
    ] = STDIN,
    problems: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The file that was verified, where the results do not say what are copies."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An option of the selector; may be repeated.")
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Abstain below min_members=N or min_margin=SHARE; may be repeated."),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What a selector that learns has saved (JSON).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object on stdout.")] = False,
    list_them: Annotated[bool, typer.Option("--list", help="Show the selectors with their options, and stop.")] = False,
) -> None:
    """Choose from passing matrices: for each problem the solutions that are likely correct and the tests that agree.

    Indices are those of the problem's own lists. Where abstain is not null it says why the choice, still the best
    guess, should not be trained on.
    """
    if list_them:
        _list(Console(highlight=False, soft_wrap=not sys.stdout.isatty()))
        return
    if results is None:
        raise CommandError("name the file of results that `crossjudge verify` wrote, or - for stdin")
    _check_files(results, output, problems, as_json)
    chooser = _chooser(selector, option or [], gate or [], state)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    name = RECOMMENDED if selector == BEST else selector
    summary = Summary(name, "stdout" if output == STDIN else output)
    found, bad = _read(results, problems, console)
    chosen, unfit = _choose(chooser, found)
    summary.bad = sorted([*bad, *unfit], key=lambda line: line.number)
    for problem, selection in chosen:
        summary.add(problem, selection)
    if chosen:
        _write(output, b"".join(_line(name, problem, selection) for problem, selection in chosen))
    _finish(summary, results, console, as_json)


@dataclass
class Summary:
    """What a run of `select` came to."""

    selector: str
    output: str
    problems: int = 0
    solutions: int = 0
    distinct_solutions: int = 0
    abstained: Counter[str] = field(default_factory=Counter)
    margins: list[float] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    def add(self, problem: JudgedProblem, selection: Selection) -> None:
        self.problems += 1
        self.solutions += problem.solutions.size
        self.distinct_solutions += problem.matrix.shape[0]
        self.margins.append(selection.margin)
        if selection.abstain is not None:
            self.abstained[selection.abstain] += 1

    @property
    def mean_margin(self) -> float | None:
        return float(np.mean(self.margins)) if self.margins else None

    def as_json(self) -> dict[str, Any]:
        lines = [{"line": b.number, "problem": b.problem, "path": b.path, "detail": b.detail} for b in self.bad]
        return {
            "selector": self.selector, "problems": self.problems, "solutions": self.solutions,
            "distinct_solutions": self.distinct_solutions, "abstained": dict(self.abstained),
            "mean_margin": self.mean_margin, "output": self.output, "bad_lines": lines,
        }  # fmt: skip

    def lines(self) -> list[str]:
        distinct = f", {self.distinct_solutions:,} distinct" if self.distinct_solutions < self.solutions else ""
        lines = [f"{self.selector}: {many(self.problems, 'problem')}, {many(self.solutions, 'solution')}{distinct}"]
        if self.mean_margin is not None:
            lines[0] += f"; mean margin {self.mean_margin:.2f}"
        if total := self.abstained.total():
            lines.append(f"abstained on {many(total, 'problem')}:")
            lines += [f"  {count:,} × {why}" for why, count in self.abstained.most_common()]
        return lines if self.output == "stdout" else [*lines, f"output: {self.output}"]


def _check_files(results: str, output: str, problems: str | None, as_json: bool) -> None:
    if output == STDIN and as_json:
        raise CommandError("--json prints the summary on stdout, where the choices would go: name a file with -o")
    if results == problems == STDIN:
        raise CommandError("stdin holds either the results or the problems: name a file for one of them")
    for file in (results, problems):
        if file not in (None, STDIN) and output != STDIN and _is_same(file, output):
            raise CommandError(f"{output} is what is read: name another file with -o")


def _is_same(one: str | None, other: str) -> bool:
    return one is not None and Path(one).exists() and Path(other).exists() and Path(one).samefile(other)


def _chooser(name: str, options: list[str], gates: list[str], state: Path | None) -> Selector:
    try:
        selector = make_selector(name, options_from(name, options))
        if state is not None:
            _load(selector, name, state)
        return _gated(selector, gates)
    except SelectorError as error:
        raise CommandError(f"{error} (`crossjudge select --list` shows selectors and options)") from error


def _load(selector: Selector, name: str, state: Path) -> None:
    if not hasattr(selector, "load_state_dict"):
        raise CommandError(f"--state: {name} learns nothing that could be loaded")
    try:
        document = json.loads(state.read_text("utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {state}: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{state} is not JSON: {error}") from error
    try:
        selector.load_state_dict(document)
    except SelectorError as error:
        raise CommandError(f"{state}: {error}") from error


def _gated(selector: Selector, gates: list[str]) -> Selector:
    readers = {"min_members": Option("min_members", 1, (int,)), "min_margin": Option("min_margin", 0.0, (float,))}
    found: dict[str, Any] = {}
    for text in gates:
        key, equals, value = text.partition("=")
        if not equals or key not in readers:
            raise CommandError(f"--gate: {text!r} is neither min_members=N nor min_margin=SHARE")
        found[key] = readers[key].read(value)
    return Gated(selector, **found) if found else selector


def _read(results: str, problems: str | None, console: Console) -> tuple[list[JudgedProblem], list[BadLine]]:
    """All that is in the file: selectors may look at all problems at once, and a matrix is small."""
    sources = None if problems is None else Sources.read(problems)
    if sources is not None and not sources.copies:
        why = sources.bad[0].told(sources.file) if sources.bad else "it is empty"
        raise CommandError(f"{sources.file} holds no problems ({why})")
    found: list[JudgedProblem] = []
    bad: list[BadLine] = []
    with opened(results) as source:
        for line in judged_problems(source, sources):
            (bad if isinstance(line, BadLine) else found).append(line)  # type: ignore[arg-type]
    if not found and not bad:
        raise CommandError(f"{results} holds no results")
    if sources is not None and sources.bad:
        console.print(f"{many(len(sources.bad), 'bad line')} of {sources.file} left aside", markup=False)
    return found, bad


def _choose(
    chooser: Selector, found: Sequence[JudgedProblem]
) -> tuple[list[tuple[JudgedProblem, Selection]], list[BadLine]]:
    """The choices in the order of the results, and the problems that the selector cannot take."""
    matrices = [problem.matrix for problem in found]
    try:
        chosen = chooser.select(matrices)
        return [(p, p.unfold(each)) for p, each in zip(found, chosen, strict=True)], []
    except BadMatrix:
        unfit = [line for line in (_unfit(chooser, problem) for problem in found) if line is not None]
        if not unfit:
            raise
    numbers = {line.number for line in unfit}
    rest, more = _choose(chooser, [problem for problem in found if problem.line not in numbers])
    return rest, [*unfit, *more]


def _unfit(chooser: Selector, problem: JudgedProblem) -> BadLine | None:
    try:
        chooser.select([problem.matrix])
    except BadMatrix as error:
        return BadLine(problem.line, "$", error.detail, problem.id)
    return None


def _line(name: str, problem: JudgedProblem, selection: Selection) -> bytes:
    document = {
        "id": problem.id,
        "selector": name,
        "solutions": np.flatnonzero(selection.solutions).tolist(),
        "tests": np.flatnonzero(selection.tests).tolist(),
        "solution_scores": _numbers(selection.solution_scores),
        "test_scores": _numbers(selection.test_scores),
        "margin": float(selection.margin),
        "abstain": selection.abstain,
    }
    return json.dumps(document, allow_nan=False, separators=(", ", ": ")).encode("ascii") + b"\n"


def _numbers(scores: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    return [None if np.isnan(score) else score for score in scores.tolist()]


def _write(output: str, data: bytes) -> None:
    """All of it, or nothing: a file comes under its name once it is whole."""
    if output == STDIN:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    data = gzip.compress(data) if path.suffix == ".gz" else data
    try:
        if path.exists() and not path.is_file():  # a pipe or a device: there is nothing to put in its place
            path.write_bytes(data)
            return
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(beside).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _finish(summary: Summary, results: str, console: Console, as_json: bool) -> None:
    for line in summary.bad[:MOST_BAD_LINES_SHOWN]:
        console.print(line.told(results), markup=False)
    if len(summary.bad) > MOST_BAD_LINES_SHOWN:
        console.print(f"… and {len(summary.bad) - MOST_BAD_LINES_SHOWN:,} more bad lines", markup=False)
    if as_json:
        typer.echo(json.dumps(summary.as_json()))
    else:
        for said in summary.lines():
            console.print(said, markup=False)
    if summary.bad:
        raise CommandError(f"nothing chosen for {many(len(summary.bad), 'bad line')} (see above)")


def _list(console: Console) -> None:
    table = Table(show_edge=False, show_lines=True)
    for heading in ("selector", "what it does", "options"):
        table.add_column(heading, overflow="fold")
    for name in sorted(SELECTORS):
        kind = kind_of(name)
        label = f"{name}\n(best)" if name == RECOMMENDED else name
        table.add_row(Text(label, "bold"), Text(_said_of(kind)), Text("\n".join(map(_shown, options_of_class(kind)))))
    console.print(table)


def _said_of(kind: type[Selector]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _shown(option: Option) -> str:
    if option.is_due or not option.accepts:
        return f"{option.name}: from Python alone"
    default = str(option.default)
    default = default.lower() if option.default is None or isinstance(option.default, bool) else default
    return f"{option.name}={default}"
