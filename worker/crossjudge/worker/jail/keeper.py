"""The first process of a row's own namespaces: forks the cells, has them watched, leaves nothing behind.

It never runs a line of what a model wrote, and cannot be signalled (the first process of a pid namespace is immune to
its own) or traced (it holds capabilities that a cell lacks) by what it starts.

Protocol, on a SOCK_SEQPACKET socket to the supervisor: first the limits, a marshalled dict. Then requests: a marshalled
pair of the number of a cell's processes and the CPU seconds that it may use where that is less than the limits say (or
None), with `cell.DESCRIPTORS` descriptors for each process; the answer is a marshalled dict:

- `statuses`: the wait status of each member, None where it had to be killed after the cell's end
- `stopped`: why the cell was ended from outside: `cpu`, `wall`, `memory` (by the kernel too) or None; `machine` where
  that was not the cell's fault: the machine has no memory to spare
- `over`: the time limit that it ended by itself a little over (see `watching`): `cpu`, `wall` or None
- `cpu_ns`, `wall_ns`: CPU time of all the cell's processes, and wall time of the cell
- `left_files`: whether the cell has written files that the next one would see; it then needs a new keeper

While a cell runs, `observing.BEAT` comes each second. The cell ends when its first member does, or when it is over a
limit; whatever still runs then is killed.
"""

import contextlib
import marshal
import os
import signal
import socket
import time
from typing import Any, NoReturn

from . import cell, kernel, syscalls
from .ground import Namespaces
from .meters import Meters
from .watching import Watch

_FIRST_FREE_DESCRIPTOR = 16  # those below are a cell's own, in the order of `cell.DESCRIPTORS`
_FORK_TRIES = 50
_FORK_PAUSE_SECONDS = 0.1


def serve(channel: int, ground: Namespaces) -> NoReturn:
    """Set the row's namespaces up, then run cells until the supervisor closes the channel."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # SIGCHLD is waited for, no other is of use
    ground.enter()
    link = _out_of_the_way(channel)
    meters = Meters(ground)
    meters.go_second()
    limits = marshal.loads(link.recv(65536))
    ground.make_files(limits["disk_mb"])
    os.chdir(ground.files)
    untouched = _trace(ground.files)
    # Here and not in each cell: nothing below this line needs what it denies, and it takes a tenth of a fork's time.
    kernel.install_filter(syscalls.build_program())
    while True:
        message, descriptors, _, _ = socket.recv_fds(link, 65536, 64)
        if not message:
            os._exit(0)
        members, cpu_seconds = marshal.loads(message)
        outcome = _run(members, descriptors, limits | _less(limits, cpu_seconds), meters, link)
        outcome["left_files"] |= _trace(ground.files) != untouched
        link.send(marshal.dumps(outcome))


def _less(limits: dict[str, Any], cpu_seconds: float | None) -> dict[str, Any]:
    """What is different where a cell may use less than the row's limits say."""
    return {} if cpu_seconds is None else {"cpu_seconds": min(cpu_seconds, limits["cpu_seconds"]), "band": 1.0}


def _out_of_the_way(channel: int) -> socket.socket:
    """Free the low descriptors, so that a cell's can be put there one by one."""
    link = socket.socket(fileno=os.dup2(channel, 100, inheritable=False))
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(3, _FIRST_FREE_DESCRIPTOR):
        with contextlib.suppress(OSError):
            if descriptor != nothing and not _is_open(descriptor):
                os.dup2(nothing, descriptor, inheritable=False)
    return link


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _trace(files: str) -> tuple[int, ...]:
    """What changes when anything is done to the files, files that came and went included."""
    left, folder = os.statvfs(files), os.stat(files)
    return left.f_ffree, left.f_bfree, folder.st_mode, folder.st_uid, folder.st_mtime_ns, folder.st_ctime_ns


def _run(
    members: int, descriptors: list[int], limits: dict[str, Any], meters: Meters, link: socket.socket
) -> dict[str, Any]:
    limits = limits | {
        "address_space": meters.virtual_bytes + (limits["memory_mb"] << 20),
        "drift": meters.ground.drift,
        "processes": limits["processes"] * members + members - 1,  # each thread of one may need one of the other
    }
    meters.begin(limits["memory_mb"] << 20, members)
    meters.ground.number_alike()
    started = time.monotonic_ns()
    pids = []
    for member in range(members):
        own = descriptors[member * cell.DESCRIPTORS : (member + 1) * cell.DESCRIPTORS]
        pid = _fork()
        if pid == 0:
            meters.go_first()
            cell.main(own, limits)
        pids.append(pid)
    for descriptor in descriptors:
        os.close(descriptor)
    watch = Watch(pids, limits, meters, started)
    stopped = watch.until_end(link)
    cpu_ns = watch.end()
    meters.end()
    stopped = meters.killed_for() or stopped
    return {
        "statuses": [watch.statuses.get(pid) for pid in pids],
        "stopped": stopped,
        "over": watch.over if stopped is None else None,
        "cpu_ns": cpu_ns,
        "wall_ns": time.monotonic_ns() - started,
        "left_files": watch.has_survivors,
    }


def _fork() -> int:
    """Fork; where the machine has no process to spare at this moment, wait a little for one."""
    for _ in range(_FORK_TRIES):
        with contextlib.suppress(BlockingIOError):
            return kernel.fork()
        time.sleep(_FORK_PAUSE_SECONDS)
    return kernel.fork()
