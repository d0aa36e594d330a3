"""Runs the app under uvicorn: the one place that listens on a socket."""

import gc
import signal
import socket
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from .app import create_app
from .settings import ServiceSettings

_GRACE_SECONDS = 20  # a body on its way in may end; waiters and event streams are answered at once

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Uvicorn, except that whoever waits for a batch is answered when the service stops."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI) and hasattr(app.state, "core"):
            app.state.core.hub.release()
        await super().shutdown(sockets)


class PortTaken(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `PortTaken`."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise PortTaken(f"{host} is no address of this machine: {error.strerror or error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise PortTaken(f"cannot listen on {host}:{port}: {reason}; choose another --port") from error
    return listener


def serve_app(settings: ServiceSettings, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        create_app(settings), log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=_GRACE_SECONDS
    )
    server = Server(config)
    # A large body is a crowd of new objects, among which the collector looks again and again; not in what is here to
    # stay as well, or everybody waits a quarter of a second each time.
    gc.collect()
    gc.freeze()

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # Uvicorn raises the signal once more when it is done; with these handlers that is an orderly end, not a death.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    host, port = listener.getsockname()[:2]
    log.info("listening", host=host, port=port, remote_clients=settings.allow_remote)
    server.run(sockets=[listener])
    log.info("stopped")
