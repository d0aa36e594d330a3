"""Runs the app under uvicorn: the one place that listens on a socket."""

import socket

import uvicorn
from fastapi import FastAPI

from .app import create_app
from .settings import ServiceSettings

_GRACE_SECONDS = 20  # a body on its way in may end; waiters and event streams are answered at once


class Server(uvicorn.Server):
    """Uvicorn, except that whoever waits for a batch is answered when the service stops."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI) and hasattr(app.state, "core"):
            app.state.core.hub.release()
        await super().shutdown(sockets)


def serve_app(settings: ServiceSettings, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        create_app(settings), log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=_GRACE_SECONDS
    )
    Server(config).run(sockets=[listener])
