"""What a client is set up with: where the service is, and what each batch gets unless a call says otherwise."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from crossjudge.contracts import Detail, Isolation, Limits, Priority, Reward

from .errors import InvalidSettings

DEFAULT_URL = "http://127.0.0.1:8000"

LimitsLike = Limits | Mapping[str, Any]
IsolationLike = Isolation | Literal["split", "shared", "auto"]
RewardLike = Reward | Literal["pass_rate", "all_or_nothing", "codet", "b4"]
DetailLike = Iterable[Detail | str] | Literal["full"]


@dataclass(frozen=True)
class Order:
    """How cells are to be judged. None stands for what the contract says when the field is absent."""

    run: str = "default"
    limits: LimitsLike | None = None
    isolation: IsolationLike | None = None
    detail: DetailLike | None = None
    cache: bool | None = None
    fork_per_cell: bool | None = None
    priority: Priority | None = None
    weight: float | None = None

    def but(
        self,
        limits: LimitsLike | None,
        isolation: IsolationLike | None,
        detail: DetailLike | None,
        cache: bool | None,
        fork_per_cell: bool | None,
        priority: Priority | None,
    ) -> "Order":
        """This order with what one call says instead."""
        return Order(
            self.run,
            self.limits if limits is None else limits,
            self.isolation if isolation is None else isolation,
            self.detail if detail is None else detail,
            self.cache if cache is None else cache,
            self.fork_per_cell if fork_per_cell is None else fork_per_cell,
            self.priority if priority is None else priority,
            self.weight,
        )


@dataclass(frozen=True)
class Address:
    """Where the service is and what opens it. `direct`: on this machine, where no proxy may come between."""

    url: str
    api_key: str | None = field(repr=False)
    direct: bool

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}


def address_of(url: str | None, api_key: str | None) -> Address:
    """What was given, else CROSSJUDGE_URL and CROSSJUDGE_API_KEY, else the service's default place.

    Raises `InvalidSettings`.
    """
    url = (url or os.environ.get("CROSSJUDGE_URL") or DEFAULT_URL).strip()
    api_key = (api_key or os.environ.get("CROSSJUDGE_API_KEY") or "").strip() or None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise InvalidSettings(f"{url!r} is not a URL ({exc}); it should look like {DEFAULT_URL}") from exc
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidSettings(f"{url!r} is not the URL of a service; it should look like {DEFAULT_URL}")
    if api_key and not (api_key.isascii() and api_key.isprintable()):
        raise InvalidSettings("the API key holds a character that no HTTP header can carry; check CROSSJUDGE_API_KEY")
    return Address(url.rstrip("/"), api_key, direct=_is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
