"""`crossjudge mistakes RUN`: what is in a run's Mistake Book."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .book import Mistake, MistakeBook


def mistakes(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its mistakes.json.")],
    problem: Annotated[str | None, typer.Option(metavar="ID", help="One problem's tests.")] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="The K most frequent tests of each problem.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Write the tests there, a line a problem.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same lines on stdout.")] = False,
) -> None:
    """Show the tests that a run's solutions failed: how often, and since which step.

    Lines of JSON hold `id`, `tests`, `frequencies` and `steps`, the most frequent tests first; with solutions added,
    `crossjudge verify` reads them.
    """
    from rich.console import Console

    from .book import read_book

    found = _found(read_book(_file_of(run)), problem, top)
    if export is not None:
        _write(export, found)
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        typer.echo("".join(_lines(found)), nl=False)
    elif export is not None:
        console.print(f"{export}: {_count(found)}", markup=False)
    else:
        _show(found, console, most=None if problem else 20)


def _file_of(run: Path) -> Path:
    from crossjudge.client.errors import CommandError

    from .book import FILE

    if run.is_dir() and not (run / FILE).exists():
        raise CommandError(f"{run} has no {FILE}: a run has one after its first step, if it keeps a Mistake Book")
    return run / FILE if run.is_dir() else run


def _found(book: "MistakeBook", problem: str | None, top: int | None) -> "dict[str, list[Mistake]]":
    """Tests by problem; the problems with the most mistakes come first."""
    from crossjudge.client.errors import CommandError

    if problem is not None and problem not in book.problems:
        there = len(book.problems)
        raise CommandError(f"the book holds no test of a problem {_plain(problem)!r}, but those of {there} others")
    pages = {name: book.top(name) for name in (book.problems if problem is None else [problem])}
    names = sorted(pages, key=lambda name: -sum(each.frequency for each in pages[name]))
    return {name: pages[name][:top] for name in names}


def _lines(found: "dict[str, list[Mistake]]") -> Iterator[str]:
    for name, tests in found.items():
        line: dict[str, Any] = {
            "id": name, "tests": [each.test for each in tests],
            "frequencies": [each.frequency for each in tests], "steps": [each.step for each in tests],
        }  # fmt: skip
        yield json.dumps(line) + "\n"


def _write(file: Path, found: "dict[str, list[Mistake]]") -> None:
    from crossjudge.client.errors import CommandError

    try:
        with file.open("w", encoding="utf-8") as out:
            out.writelines(_lines(found))
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror or error}") from error


def _show(found: "dict[str, list[Mistake]]", console: Any, most: int | None) -> None:
    """A table; of many problems the `most` first ones, with the most frequent test of each."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for heading in ("problem", "frequency", "since step", "test"):
        table.add_column(heading, overflow="fold")
    for name, tests in list(found.items())[:most]:
        for each in tests if most is None else tests[:1]:
            table.add_row(Text(_plain(name)), str(each.frequency), str(each.step), Text(_plain(each.test)))
    console.print(table)
    if most is not None and len(found) > most:
        console.print(f"… and {len(found) - most} problems more; --problem ID shows all tests of one", markup=False)
    console.print(_count(found), markup=False)


def _count(found: "dict[str, list[Mistake]]") -> str:
    return f"{sum(map(len, found.values())):,} tests of {len(found):,} problems"


def _plain(text: str) -> str:
    """Nothing that a terminal would obey: the text may be a model's."""
    return "".join(char if char.isprintable() else "?" for char in text)
