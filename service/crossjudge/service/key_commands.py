"""The command `crossjudge keys`: who may ask the service from elsewhere, and how much of it. Speaks to Redis alone.

Also `python -m crossjudge.service.key_commands`, where the command line of crossjudge is not installed. Imports next to
nothing: every command line imports it.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from crossjudge.contracts import StoredKey

    from .keys import KeyStore

keys = typer.Typer(
    help="Make, list and revoke the API keys by which clients of other machines are let in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_QUOTAS = ("cells_in_flight", "cells_per_minute", "stored_batches", "batch_cells")
_WAIT_SECONDS = 2.0
_WIDE = 250
"""Where no terminal says how much fits."""

RedisUrl = Annotated[
    str | None,
    typer.Option(help="The Redis of the service, redis://HOST:PORT/DB.", show_default="REDIS_URL, or that of `up`"),
]
Data = Annotated[Path | None, typer.Option(help="The data folder of a running `crossjudge up`, whose Redis is meant.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `crossjudge keys list` shows it.")]
Note = Annotated[str | None, typer.Option(help="Whose key it is, or what for; for whoever reads the list.")]
Weight = Annotated[
    float | None, typer.Option(min=0.01, max=100, help="The tenant's share of the workers beside other tenants'.")
]
CellsInFlight = Annotated[int | None, typer.Option(min=0, help="Cells of the tenant that may wait or run at once.")]
CellsPerMinute = Annotated[int | None, typer.Option(min=0, help="Cells that the tenant may post in a minute.")]
StoredBatches = Annotated[int | None, typer.Option(min=0, help="Batches of the tenant that are kept.")]
BatchCells = Annotated[int | None, typer.Option(min=0, help="Cells of one batch.")]
Expires = Annotated[float | None, typer.Option(min=0, metavar="DAYS", help="The key ends after that many days.")]


@keys.command()
def create(
    tenant: Annotated[str, typer.Argument(help="Who the key is for: a team, a project, a training job.")],
    note: Note = None,
    weight: Weight = None,
    cells_in_flight: CellsInFlight = None,
    cells_per_minute: CellsPerMinute = None,
    stored_batches: StoredBatches = None,
    batch_cells: BatchCells = None,
    expires: Expires = None,
    redis_url: RedisUrl = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key for a tenant and print it, once: nobody can say it again.

    With the first key, the service answers nobody without one any more. A quota of 0 or none at all is no quota.
    """
    given = _quotas(cells_in_flight, cells_per_minute, stored_batches, batch_cells)
    with _store(redis_url, data) as store:
        from crossjudge.contracts import Quotas

        is_first = not store.all()
        record, key = store.create(
            tenant, note=note or "", weight=1.0 if weight is None else weight,
            quotas=Quotas(**{name: most for name, most in given.items() if most}), expires_at=_end(expires),
        )  # fmt: skip
    typer.echo(json.dumps({"key": key, **_shown(record, None)}) if as_json else key)
    if is_first:
        typer.echo("this is the first API key: from now on the service answers nobody without one", err=True)
    typer.echo(
        f"key {record.id} of tenant {record.tenant}; keep it, it is not shown again: CROSSJUDGE_API_KEY=KEY, or "
        "`Authorization: Bearer KEY`", err=True,
    )  # fmt: skip


@keys.command("list")
def list_keys(redis_url: RedisUrl = None, data: Data = None, as_json: AsJson = False) -> None:
    """List the API keys that were ever made, those that no longer work among them; never the keys themselves."""
    with _store(redis_url, data) as store:
        records, used = store.all(), store.last_used()
    shown = [_shown(record, used.get(record.id)) for record in records]
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
    elif shown:
        _print_table(shown)
    else:
        typer.echo("no API key was made yet: only clients of the service's own machine are answered", err=True)


@keys.command()
def change(
    name: KeyId,
    note: Note = None,
    weight: Weight = None,
    cells_in_flight: CellsInFlight = None,
    cells_per_minute: CellsPerMinute = None,
    stored_batches: StoredBatches = None,
    batch_cells: BatchCells = None,
    expires: Expires = None,
    redis_url: RedisUrl = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Change what stands with a key: what is not named stays. A quota of 0 is no quota, 0 days are no end."""
    given = _quotas(cells_in_flight, cells_per_minute, stored_batches, batch_cells)
    update: dict[str, Any] = {} if note is None else {"note": note}
    update |= {} if weight is None else {"weight": weight}
    update |= {} if expires is None else {"expires_at": _end(expires)}
    if not (update or given):
        raise typer.BadParameter("say what to change: --note, --weight, --expires, or a quota")
    with _store(redis_url, data) as store:
        record = store.change(_id(name), update, {quota: most or None for quota, most in given.items()})
    _say(record, "changed", as_json)


@keys.command()
def revoke(name: KeyId, redis_url: RedisUrl = None, data: Data = None, as_json: AsJson = False) -> None:
    """Revoke a key: from the next request on it is refused, and never works again."""
    with _store(redis_url, data) as store:
        record = store.revoke(_id(name))
    _say(record, "revoked", as_json)


@keys.command()
def reset(
    redis_url: RedisUrl = None,
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without being asked.")] = False,
) -> None:
    """Forget all keys: the service is again one without keys, for its own machine only.

    Where CROSSJUDGE_ALLOW_REMOTE is set, that is one for everybody. Batches of tenants can no longer be read.
    """
    if not yes:
        typer.confirm("Forget all API keys, and answer this machine without one?", abort=True, err=True)
    with _store(redis_url, data) as store:
        count = store.forget_all()
    typer.echo(f"{count:,} API keys are forgotten", err=True)


def _quotas(*given: int | None) -> dict[str, int]:
    return {name: most for name, most in zip(_QUOTAS, given, strict=True) if most is not None}


def _end(days: float | None) -> datetime | None:
    return datetime.now(UTC) + timedelta(days=days) if days else None


def _id(name: str) -> str:
    """The id, also where somebody gave the whole key."""
    from .keys import id_of

    return id_of(name) or name


@contextmanager
def _store(redis_url: str | None, data: Path | None) -> "Iterator[KeyStore]":
    """The keys in the service's Redis. What is wrong is said in one line."""
    from pydantic import ValidationError
    from redis import Redis
    from redis.exceptions import RedisError

    from .keys import KeyStore, KeyTrouble
    from .patience import RedisAway, wait_for_redis
    from .redis_url import without_password

    url = _where(redis_url, data)
    try:
        Redis.from_url(url).close()  # reads the URL, connects to nothing
    except ValueError as error:
        raise typer.BadParameter(f"the Redis URL {without_password(url)!r}: {error}") from None
    try:
        wait_for_redis(url, _WAIT_SECONDS)
        with Redis.from_url(url, decode_responses=True, socket_timeout=10) as connection:
            yield KeyStore(connection)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))} {each['input']!r}: {each['msg']}" for each in error.errors()]
        raise typer.BadParameter("; ".join(wrong)) from None
    except (KeyTrouble, RedisAway, RedisError) as error:
        _stop(str(error))


def _where(redis_url: str | None, data: Path | None) -> str:
    """The Redis that is meant: the one that is named, that of a folder, that of the environment, that of `up`."""
    from .stack_folder import noted_redis, state_folder

    if redis_url:
        return redis_url
    named = os.environ.get("CROSSJUDGE_REDIS_URL") or os.environ.get("REDIS_URL")
    if named and data is None:
        return named
    folder = (data or state_folder()).expanduser().absolute()
    if (url := noted_redis(folder)) is None:
        _stop(f"no `crossjudge up` runs with its data in {folder}: start one, name another folder with --data, or name "
              "the service's Redis with --redis-url (or REDIS_URL)")  # fmt: skip
    return url


def _shown(record: "StoredKey", used: datetime | None) -> dict[str, Any]:
    """What may be told of a key."""
    told = record.model_dump(mode="json", exclude={"sha256"})
    return {**told, "last_used_at": used and used.isoformat(), "state": _state(record)}


def _state(record: "StoredKey") -> str:
    if record.revoked_at is not None:
        return "revoked"
    return "expired" if record.expires_at is not None and record.expires_at <= datetime.now(UTC) else "active"


def _say(record: "StoredKey", what: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_shown(record, None)))
    else:
        typer.echo(f"key {record.id} of tenant {record.tenant} is {what}", err=True)


def _print_table(shown: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("id", "tenant", "state", "weight", "quotas", "made", "expires", "last used", "note"):
        table.add_column(heading, no_wrap=heading in ("id", "state"), overflow="fold")
    for each in shown:
        quotas = ", ".join(f"{name.replace('_', ' ')} {most:,}" for name, most in each["quotas"].items() if most)
        days = [(each[name] or "never")[:10] for name in ("created_at", "expires_at")]
        used = (each["last_used_at"] or "never")[:16].replace("T", " ")
        cells = [each["id"], each["tenant"], each["state"], f"{each['weight']:g}", quotas or "none", *days, used]
        table.add_row(*cells, escape(each["note"]))
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def _stop(message: str) -> NoReturn:
    typer.echo(f"crossjudge: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    keys(prog_name="python -m crossjudge.service.key_commands")
