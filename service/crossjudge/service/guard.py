"""Who may ask, and what a caller sees when we fail: the outermost layer of the app.

With no API keys, only this machine is answered; and so it is while a worker runs without a sandbox. A page that a
browser on this machine shows is not this machine: what comes from another origin is refused, else any web site could
post programs here.
"""

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import problem_answer
from .core import Core
from .errors import AnswerBroken, Forbidden, ServiceError, problem_details
from .settings import ServiceSettings
from .unsandboxed import Unsandboxed

log = structlog.get_logger(__name__)

REMOTE_REFUSED = (
    "without API keys this service answers clients of its own machine only: ask from there, "
    "or set CROSSJUDGE_ALLOW_REMOTE=true where everyone who can reach it may use it"
)

UNSANDBOXED = (
    "worker {} on {} runs without a sandbox, for debugging, and as long as it does only clients of the service's own "
    "machine are answered: start it again with `--sandbox nsjail` or `--sandbox gvisor`"
)


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
            await self._check(scope)
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

    async def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not is_same_origin(headers.get("origin"), headers.get("host", "")):
            raise Forbidden(f"pages of {headers['origin'][:200]} may not ask this service")
        if is_loopback(scope.get("client")):
            return
        if not self.settings.allow_remote:
            raise Forbidden(REMOTE_REFUSED)
        core: Core | None = getattr(scope["app"].state, "core", None)
        if core is not None and (worker := await self._unsandboxed.worker(core.store)) is not None:
            raise Forbidden(UNSANDBOXED.format(worker.name[:80], worker.host[:80]))


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
