"""`crossjudge doctor`: what works on this machine, in plain words, and how to mend what does not.

Each package brings the checks of its own parts (entry points of the group `crossjudge.doctor`); this module finds and
shows them, and knows nothing of sandboxes or queues.
"""

import json
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Literal

import typer
from rich.console import Console

from crossjudge.contracts import Check

from .checks import checks as own_checks
from .cli import missing

GROUP = "crossjudge.doctor"
SIGNS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[bold red]✗[/]"}


def doctor(
    sandbox: Annotated[
        Literal["nsjail", "gvisor", "none"] | None,
        typer.Option(help="The sandbox to judge in.", show_default="CROSSJUDGE_SANDBOX or nsjail"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as one JSON object.")] = False,
) -> None:
    """Say what of the sandbox, the queue and the GPU works on this machine, and how to mend what does not."""
    if sandbox is not None:
        os.environ["CROSSJUDGE_SANDBOX"] = sandbox  # each package reads the settings of its own parts from there
    found: list[tuple[str, Check]] = []
    console = Console(highlight=False)
    for part, check in all_checks():
        if not as_json:
            _show(console, check, part if part not in {p for p, _ in found} else None)
        found.append((part, check))
    checks = [check for _, check in found]
    is_well = all(check.status != "fail" for check in checks)
    if as_json:
        rows = [{"part": part, **check.model_dump()} for part, check in found]
        typer.echo(json.dumps({"ok": is_well, "checks": rows}, indent=2))
    else:
        console.print(verdict(checks), style="bold")
    raise typer.Exit(0 if is_well else 1)


def all_checks() -> Iterator[tuple[str, Check]]:
    """(part of crossjudge, check) for the checks of every package that is installed, as they are made."""
    yield from (("this machine", check) for check in own_checks())
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield from ((entry.name, check) for check in checks_of(entry))


def checks_of(entry: EntryPoint) -> Iterable[Check]:
    """The checks of one package; a package that is not installed is a finding, and so is a check that breaks."""
    try:
        yield from entry.load()()
    except ModuleNotFoundError as error:
        found, _, mend = missing(entry, error).partition(": ")
        yield Check(name=f"extra `{entry.module.split('.')[1]}`", status="warn", found=found, mend=mend or None)
    except Exception as error:  # a check that breaks must not hide the others
        broke = f"the check itself broke: {type(error).__name__}: {error}"
        yield Check(name=f"checks of {entry.name}", status="fail", found=broke, mend="please report this")


def verdict(checks: list[Check]) -> str:
    """The last line."""
    fails = sum(check.status == "fail" for check in checks)
    warns = sum(check.status == "warn" for check in checks)
    if fails:
        return f"{fails} of {len(checks)} checks failed: mend these first, then run `crossjudge doctor` again."
    worth = f" {warns} worth a look." if warns else ""
    return f"Everything that is needed works.{worth}"


def _show(console: Console, check: Check, heading: str | None) -> None:
    if heading:
        console.print(heading, style="bold underline")
    console.print(SIGNS[check.status], end=" ")
    console.print(f"{check.name}: {check.found}", markup=False, soft_wrap=True)
    if check.mend:
        console.print(
            f"    → {check.mend}", markup=False, soft_wrap=True, style="dim" if check.status == "ok" else None
        )
