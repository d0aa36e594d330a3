"""The commands `crossjudge serve` and `crossjudge up`. Imports next to nothing: every command line imports it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from .settings import ServiceSettings

Host = Annotated[str, typer.Option(help="Address to listen on; other than loopback, see CROSSJUDGE_ALLOW_REMOTE.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    redis_url: Annotated[
        str | None, typer.Option(help="The Redis that the workers use, redis://HOST:PORT/DB.", show_default="REDIS_URL")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Answer HTTP: take batches in, queue them, give their passing matrices back.

    Ctrl-C or SIGTERM ends it; whatever it has taken in stays in Redis and is finished by the workers.
    """
    _warn_of_a_shown_password(redis_url)
    settings = _settings(redis_url=redis_url, log_level=log_level)
    from .logs import set_up_logging
    from .patience import RedisAway, wait_for_redis
    from .server import PortTaken, listen, serve_app

    try:
        listener = listen(host, port)
        _say_who_may_ask(host, settings)
        wait_for_redis(settings.redis_url, settings.redis_wait_seconds)
    except (PortTaken, RedisAway) as error:
        _stop(str(error))
    set_up_logging(settings.log_level)
    serve_app(settings, listener)


def up(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Worker processes.", show_default="one a core")
    ] = None,
    redis_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the Redis that it starts.", show_default="a free one")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder for queue and logs.", show_default="~/.local/state/crossjudge")
    ] = None,
    sandbox: Annotated[
        Literal["nsjail", "gvisor", "none"],
        typer.Option(envvar="CROSSJUDGE_SANDBOX", help="What programs are locked up in; none is for debugging."),
    ] = "nsjail",
    as_json: Annotated[bool, typer.Option("--json", help="Once ready, print one line of JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless something goes wrong.")] = False,
) -> None:
    """Start Redis, the service and workers on this machine, and stop all of it on Ctrl-C.

    Uses the Redis at REDIS_URL where that is set, else starts one that keeps its data in the folder.
    """
    settings = _settings()
    if sandbox == "none":
        _refuse_others(host)
    from .stack import Plan, Stack, StackError
    from .stack_folder import state_folder
    from .stack_screen import Screen

    has_redis = "redis_url" in settings.model_fields_set
    plan = Plan(
        host=host, port=port, workers=workers, folder=(data or state_folder()).expanduser().absolute(),
        redis_url=settings.redis_url if has_redis else None, redis_port=redis_port,
        redis_wait_s=settings.redis_wait_seconds, sandbox=sandbox,
    )  # fmt: skip
    screen = Screen(as_json=as_json, quiet=quiet)
    if not quiet:
        _say_who_may_ask(host, settings)
    try:
        Stack(plan, screen).run()
    except StackError as error:
        _stop(str(error))


def _refuse_others(host: str) -> None:
    from .guard import is_loopback

    if host != "localhost" and not is_loopback((host, 0)):
        _stop(
            f"without a sandbox (--sandbox none) programs could do anything here, so nobody else may be listened to: "
            f"use --sandbox nsjail or --sandbox gvisor, or --host 127.0.0.1 in place of {host}"
        )
    typer.secho(
        "NO SANDBOX: programs run as you and can read and change all that you can; for programs that you trust.",
        fg="red", bold=True, err=True,
    )  # fmt: skip


def _say_who_may_ask(host: str, settings: "ServiceSettings") -> None:
    """Listening on all addresses is not the same as answering everybody."""
    if host not in ("127.0.0.1", "localhost", "::1") and not settings.allow_remote:
        typer.echo(
            f"listening on {host}: clients of other machines need an API key (`crossjudge keys create TENANT`); while "
            "none was made only this machine is answered, and CROSSJUDGE_ALLOW_REMOTE=true lets in everyone who can "
            "reach the port",
            err=True,
        )


def _settings(**given: str | None) -> "ServiceSettings":
    """Options over environment. What is wrong with either is said in one line each."""
    from pydantic import ValidationError
    from redis import Redis

    from .redis_url import what_is_wrong
    from .settings import ServiceSettings

    try:
        settings = ServiceSettings.model_validate({key: value for key, value in given.items() if value is not None})
        Redis.from_url(settings.redis_url).close()  # reads the URL, connects to nothing
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}, got {each['input']!r}" for each in error.errors()]
        raise typer.BadParameter("\n".join(wrong)) from error
    except ValueError as error:
        raise typer.BadParameter(f"the Redis URL {what_is_wrong(settings.redis_url, error)}") from error
    return settings


def _warn_of_a_shown_password(redis_url: str | None) -> None:
    from .redis_url import is_secret

    if redis_url is not None and is_secret(redis_url):
        typer.echo(
            "the password in --redis-url can be read in this machine's list of processes: set REDIS_URL instead",
            err=True,
        )


def _stop(message: str) -> NoReturn:
    typer.echo(f"crossjudge: {message}", err=True)
    raise typer.Exit(1)
