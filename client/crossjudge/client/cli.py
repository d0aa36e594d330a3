"""The command line. Each package brings its own commands; none is imported before it is typed.

The entry points of the group `crossjudge.commands` name plain functions, or a `Typer` where a command has several of
its own. The list of commands in `--help` is read from their source, not imported, so that it is quick and complete even
where a package's dependencies are not installed.
"""

import ast
import functools
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, requires, version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

GROUP = "crossjudge.commands"
INTERRUPTED = 130


class LazyGroup(TyperGroup):
    """The commands of all packages that are installed, each loaded when it is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(entry_points(group=GROUP).names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command as far as a list of commands needs it: its name and the first line of its docstring."""
        entry = _entry(cmd_name)
        return entry and TyperCommand(cmd_name, help=summary_of(entry), callback=_nothing)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is to run: the one that was typed, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        entry = _entry(name or "")
        return name, (load(entry) if entry else command), rest


def _entry(name: str) -> EntryPoint | None:
    return next(iter(entry_points(group=GROUP, name=name)), None)


def _nothing() -> None: ...


def summary_of(entry: EntryPoint) -> str | None:
    """What a command does, read from its module's source without running it.

    That is the first paragraph of the function's docstring, or the `help` that a `Typer` is made with.
    """
    package, *inner = entry.module.split(".")
    places = [Path(folder, *inner).with_suffix(".py") for folder in getattr(import_module(package), "__path__", [])]
    source = next((place for place in places if place.is_file()), None)
    if source is None:
        return None
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == entry.attr:
            return (ast.get_docstring(node) or "").split("\n\n")[0] or None
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == entry.attr:
            return _help_of(node.value)
    return None


def _help_of(made: ast.expr) -> str | None:
    given = made.keywords if isinstance(made, ast.Call) else []
    return next((ast.literal_eval(each.value) for each in given if each.arg == "help"), None)


def load(entry: EntryPoint) -> Any:
    """What the entry point names, as a command. Says which extra to install where its package cannot be imported."""
    try:
        named = entry.load()
    except ModuleNotFoundError as error:
        _stop(missing(entry, error))
    if isinstance(named, typer.Typer):
        for each in named.registered_commands:
            each.callback = guarded(each.callback) if each.callback else None
        return typer.main.get_command(named)
    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    program.command(entry.name)(guarded(named))
    return typer.main.get_command(program)


def missing(entry: EntryPoint, error: ModuleNotFoundError) -> str:
    """What to install for a command (or a check) whose module needs something that is not there."""
    package = entry.module.split(".")[1]
    if (error.name or "").startswith(f"crossjudge.{package}"):
        return f"`{entry.name}` belongs to crossjudge's {package}, which is not part of this installation"
    module = (error.name or "").split(".")[0]
    extra = extra_for(module, package)
    return f"`{entry.name}` needs {module}, which is not installed: pip install 'crossjudge[{extra}]'"


def extra_for(module: str, package: str) -> str:
    """The smallest extra that brings a module and nothing beyond the package's own extra, or else the smallest at all.

    What no extra names as the module is named is taken to come with the package's own.
    """
    members: dict[str, set[str]] = {}
    for line in requires("crossjudge") or []:
        if found := re.match(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]", line):
            members.setdefault(found[2], set()).add(_plain(found[1]))
    bring = [extra for extra, names in members.items() if _plain(module) in names]
    within = [extra for extra in bring if members[extra] <= members.get(package, set())]
    return min(within or bring or [package], key=lambda extra: len(members.get(extra, ())))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with the client's errors as one line and a fitting exit status instead of a traceback."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from .errors import CrossjudgeError  # here, because importing it takes longer than `--help` should

        try:
            return function(*args, **kwargs)
        except CrossjudgeError as error:
            _stop(str(error))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of our output has gone (`| head`); what Python would still flush has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None

    return run


def _stop(message: str) -> NoReturn:
    typer.echo(f"crossjudge: {message}", err=True)
    raise typer.Exit(1)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"crossjudge {version('crossjudge')}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def crossjudge(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Judge candidate solutions against tests in a sandbox, and read the passing matrices."""


def main() -> None:
    """The program `crossjudge`."""
    try:
        app(prog_name="crossjudge")
    except KeyboardInterrupt:  # while a command was being loaded
        sys.exit(INTERRUPTED)
