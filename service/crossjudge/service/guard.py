"""Who may ask, and what a caller sees when we fail: the outermost layer of the app.

With no API keys, only this machine is answered; with them, who has one, from wherever. While a worker runs without a
sandbox it is this machine alone either way. A page that a browser on this machine shows is not this machine: what comes
from another origin is refused, else any web site could post programs here.

The Authorization header is taken out of the request on the way: what comes after cannot let slip what it has not got.
"""

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import problem_answer
from .caller import Caller
from .core import Core
from .errors import AnswerBroken, Forbidden, ServiceError, problem_details
from .settings import ServiceSettings
from .unsandboxed import Unsandboxed

log = structlog.get_logger(__name__)

REMOTE_REFUSED = (
    "without API keys this service answers clients of its own machine only: ask from there, make keys with "
    "`crossjudge keys create`, or set CROSSJUDGE_ALLOW_REMOTE=true where everyone who can reach it may use it"
)

UNSANDBOXED = (
    "worker {} on {} runs without a sandbox, for debugging, and as long as it does only clients of the service's own "
    "machine are answered: start it again with `--sandbox nsjail` or `--sandbox gvisor`"
)


_OPEN = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json"})
_OPEN_BELOW = "/static/"


class Guard:
    """Middleware: refuses strangers, and turns whatever escapes into a 500 without a traceback."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self.app = app
        self.settings = settings
        self._unsandboxed = Unsandboxed()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_started = False

        async def noted(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            scope.setdefault("state", {})["caller"] = await self._caller(scope)
            await self.app(scope, receive, noted)
        except ServiceError as error:
            await problem_answer(error.details(), error.headers)(scope, receive, send)
        except ClientDisconnect:
            log.debug("the caller left", path=scope["path"])
        except AnswerBroken:
            pass  # it is logged; the server cuts the connection of an answer without an end
        except Exception:
            log.exception("a request failed", method=scope["method"], path=scope["path"])
            if not has_started:
                details = problem_details(500, "this is our fault, not yours: the service's log says more")
                await problem_answer(details)(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        """Who asks, where that may be answered. Raises `ServiceError`."""
        authorization, headers = take_authorization(scope), Headers(scope=scope)
        if not is_same_origin(headers.get("origin"), headers.get("host", "")):
            raise Forbidden(f"pages of {headers['origin'][:200]} may not ask this service")
        core: Core | None = getattr(scope["app"].state, "core", None)  # none before the app is started
        is_here, caller, has_keys = is_loopback(scope.get("client")), Caller(), False
        if core is not None and not self._is_open(scope["path"], is_here):
            caller = await core.authentication.caller(authorization)
            has_keys = caller.key_id is not None
        elif core is not None and not (is_here or self.settings.allow_remote):
            has_keys = await core.authentication.is_in_force()
        if is_here:
            return caller
        if not (has_keys or self.settings.allow_remote):
            raise Forbidden(REMOTE_REFUSED)
        if core is not None and (worker := await self._unsandboxed.worker(core.store)) is not None:
            raise Forbidden(UNSANDBOXED.format(worker.name[:80], worker.host[:80]))
        return caller

    def _is_open(self, path: str, is_here: bool) -> bool:
        """Whether no key is needed; for anything else one is, whether it exists or not."""
        if path == "/metrics":
            return is_here or self.settings.open_metrics
        return path in _OPEN or path.startswith(_OPEN_BELOW)


def take_authorization(scope: Scope) -> list[str]:
    """The Authorization headers, which the request is without from now on."""
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    scope["headers"] = [each for each in headers if each[0] != b"authorization"]
    return [value.decode("latin-1") for name, value in headers if name == b"authorization"]


def is_loopback(client: tuple[str, int] | None) -> bool:
    """Whether a client is on this machine; one without an address came through a Unix socket."""
    if client is None or not client[0]:
        return True
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_same_origin(origin: str | None, host: str) -> bool:
    """Whether a request comes from no page at all or from one of ours."""
    return origin is None or urlsplit(origin).netloc == host
