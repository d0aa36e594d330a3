"""What a jail's supervisor is locked up in: one module a wall, each of them turning the settings into a `Launch`."""

from collections.abc import Callable

from crossjudge.worker.settings import WorkerSettings

from . import gvisor, none, nsjail
from .launch import Launch

WALLS: dict[str, Callable[[WorkerSettings, int], Launch]] = {
    "nsjail": nsjail.launch,
    "gvisor": gvisor.launch,
    "none": none.launch,
}
"""By the name in the settings. Each is given the jail's number within its worker, and raises `JailError`."""
