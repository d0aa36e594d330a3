"""A process that knows nothing and has imported what programs usually import; rows are cloned from it.

It is forked from the supervisor before the first request came, so no memory of it holds a test, an expected value or
another solution. Protocol, on a SOCK_SEQPACKET socket to the supervisor: a request is a marshalled tuple with one
descriptor, the answer is the new process's id as decimal text.

- `("keeper",)`: clone a keeper into namespaces of its own, where the ground has them; the descriptor is its channel.
- `("zygote", modules)`: clone a zygote that also imports `modules`; the descriptor is its channel.

Each new process is a child of the supervisor (CLONE_PARENT), which reaps it.
"""

import contextlib
import gc
import importlib
import marshal
import os
import site
import socket
import sys
import threading
import types
from typing import NoReturn

from . import keeper, kernel, rehearsing
from .ground import Namespaces

# What solutions and tests import most, small enough that a fork stays cheap.
# fmt: off
COMMON = (
    "abc", "array", "bisect", "cmath", "collections", "contextlib", "copy", "dataclasses", "datetime",
    "decimal", "enum", "fractions", "functools", "heapq", "inspect", "io", "itertools", "json", "linecache",
    "math", "numbers", "operator", "os", "random", "re", "statistics", "string", "struct", "sys", "textwrap",
    "threading", "time", "traceback", "types", "typing",
)
# fmt: on
_THREAD_STACK_BYTES = 2 << 20
_HIDDEN: list[types.ModuleType] = []


def serve(channel: int, modules: list[str], ground: Namespaces) -> NoReturn:
    """Import, freeze, and clone on request until the supervisor is gone."""
    for name in modules:
        with contextlib.suppress(ImportError):  # a program that imports it is told so itself
            importlib.import_module(name)
    _look_like_a_fresh_interpreter(ground.base)
    gc.collect()
    gc.freeze()
    gc.disable()
    link = socket.socket(fileno=channel)
    while True:
        message, descriptors, _, _ = socket.recv_fds(link, 65536, 1)
        if not message:
            os._exit(0)
        request = marshal.loads(message)
        link.send(str(_clone(request, descriptors[0], link, ground)).encode())
        os.close(descriptors[0])


def _look_like_a_fresh_interpreter(base: str) -> None:
    """Take our own modules out of what a program sees; they live on in `_HIDDEN`."""
    ours = [name for name in sys.modules if name.partition(".")[0] == __package__]
    sys.path[:] = [path for path in sys.path if path != f"{base}/crossjudge"]
    sys.argv[:] = ["solution.py"]
    _HIDDEN.extend(sys.modules.pop(name) for name in ours)


def _clone(request: tuple[str, ...], channel: int, link: socket.socket, ground: Namespaces) -> int:
    is_keeper = request[0] == "keeper"
    pid = kernel.clone(kernel.CLONE_PARENT | (ground.flags if is_keeper else 0))
    if pid:
        return pid
    try:
        link.close()
        if is_keeper:
            keeper.serve(channel, ground)
        serve(channel, list(request[1]), ground)
    except BaseException as error:  # our own failure: say so where the worker quotes it, and never return to the loop
        os.write(2, f"{request[0]}: {error!r}\n".encode())
    os._exit(1)


def prepare(base: str) -> None:
    """Import what all programs share, and close what none may open; called once, before anything is forked."""
    kernel.forbid_new_privileges()
    kernel.drop_bounding_set()
    sys.path.append(f"{base}/packages")
    # By default a thread's stack is as large as the main thread's may grow, and counts towards the memory limit.
    threading.stack_size(_THREAD_STACK_BYTES)
    for name in COMMON:
        importlib.import_module(name)
    site.setquit()  # exit() and quit(), which programs call, come with `site`; the rest of it stays out
    site.setcopyright()
    site.sethelper()
    rehearsing.rehearse()
