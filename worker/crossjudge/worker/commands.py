"""The commands `crossjudge worker` and `crossjudge engine`. Imports next to nothing: every command line imports it."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from .settings import WorkerSettings


def worker(
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Worker processes.", show_default="one a core")
    ] = None,
    jails: Annotated[int | None, typer.Option(min=1, max=1024, help="Jails of each worker process.")] = None,
    redis_url: Annotated[
        str | None, typer.Option(help="The Redis that the service uses, redis://HOST:PORT/DB.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name in logs and answers.", show_default="host and pid")] = None,
    burst: Annotated[bool, typer.Option("--burst", help="End once the queue is empty.")] = False,
    sandbox: Annotated[
        Literal["nsjail", "gvisor", "none"] | None,
        typer.Option(help="What programs are locked up in; none is for debugging.", show_default="nsjail"),
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Judge what the service queues, in sandboxes on this machine.

    Ctrl-C or SIGTERM lets each worker finish its chunk; once more lets go of it for other workers to judge.
    """
    from .redis_url import is_secret

    if redis_url is not None and is_secret(redis_url):
        typer.echo(
            "the password in --redis-url can be read in this machine's list of processes: set REDIS_URL instead",
            err=True,
        )
    settings = _settings(jails=jails, redis_url=redis_url, sandbox=sandbox, log_level=log_level)
    if settings.sandbox == "none":
        from .walls.none import WARNING

        typer.secho(WARNING, fg="red", bold=True, err=True)
    from .logs import set_up_logging
    from .loop import run_worker  # and with it everything that a job needs, once for all processes
    from .processes import CANNOT_START, Supervisor

    set_up_logging(settings.log_level)
    base = name or f"{socket.gethostname()}-{os.getpid()}"

    def body(number: int, ready: Callable[[], None]) -> None:
        from .errors import JailError
        from .pool import JailPool

        try:
            run_worker(settings, JailPool(settings), f"{base}-{number}", burst=burst, ready=ready)
        except JailError as error:
            typer.secho(f"The sandbox does not start: {error}", fg="red", err=True)
            typer.echo("`crossjudge doctor` says what of it works on this machine, and how to mend the rest.", err=True)
            raise SystemExit(CANNOT_START) from error

    status = Supervisor(workers or len(os.sched_getaffinity(0)), body).run()
    if status:
        raise typer.Exit(1)


def engine(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines of problems, also gzipped.")],
    isolation: Annotated[
        Literal["split", "shared", "auto"], typer.Option(help="Whether solution and test share an interpreter.")
    ] = "split",
    jails: Annotated[int | None, typer.Option(min=1, max=1024, help="Jails.", show_default="two a core")] = None,
    cpu_seconds: Annotated[float | None, typer.Option(help="CPU time of a cell.", show_default="2")] = None,
    fork_per_cell: Annotated[
        bool, typer.Option("--fork-per-cell", help="A process for each cell, even where cells could share two.")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, help="Judge the file so often, in the same jails.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print matrices and clocks as one JSON object.")] = False,
) -> None:
    """Judge a file in the jails of this process, without a service: how fast is the sandbox by itself?"""
    settings = _settings(jails=jails or 2 * len(os.sched_getaffinity(0)))
    from pydantic import ValidationError

    from .engine import BadFile, as_text, judge, order_of, problems_of
    from .engine import as_json as written
    from .errors import JailError
    from .pool import JailPool

    try:
        problems, order = problems_of(file), order_of(isolation, cpu_seconds, fork_per_cell=fork_per_cell)
    except BadFile as error:
        _stop(str(error))
    except ValidationError as error:
        raise typer.BadParameter(f"--cpu-seconds: {error.errors()[0]['msg']}") from error
    pool = JailPool(settings)
    try:
        pool.start()
        judged = judge(pool, problems, order, repeat)
    except JailError as error:
        _stop(f"{error}\n`crossjudge doctor` says what of the sandbox works here, and how to mend the rest.")
    finally:
        pool.close()
    typer.echo(written(judged, problems) if as_json else as_text(judged))


def _stop(message: str) -> NoReturn:
    typer.echo(f"crossjudge: {message}", err=True)
    raise typer.Exit(1)


def _settings(**given: int | str | None) -> "WorkerSettings":
    """Options over environment. What is wrong with either is said in one line each."""
    from pydantic import ValidationError

    from .patience import connect
    from .redis_url import what_is_wrong
    from .settings import WorkerSettings

    try:
        settings = WorkerSettings.model_validate({key: value for key, value in given.items() if value is not None})
        connect(settings.redis_url)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}, got {each['input']!r}" for each in error.errors()]
        raise typer.BadParameter("\n".join(wrong)) from error
    except ValueError as error:
        raise typer.BadParameter(f"redis_url {what_is_wrong(settings.redis_url, error)}") from error
    return settings
