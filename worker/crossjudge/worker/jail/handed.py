"""What the worker hands in as open descriptors, and the numbers at which the jail's own processes find it.

Named in the supervisor's argument as JSON, all of it optional: `enter` (a list) and the files of the control group that
`meters` reads, and the locks of `turns`. Nothing here is ever a cell's: those close all but their own.
"""

import contextlib
import json
import os

ENTER = (210, 211)
CPU, HELD, STAT, EVENTS, LIMIT, HITS = range(212, 218)
ROOM, TURNSTILE = 218, 219
SUPERVISOR = 220
"""How long the supervisor has waited for a core, as its /proc says it."""

_PLACES = {
    "cpu": CPU,
    "held": HELD,
    "stat": STAT,
    "events": EVENTS,
    "limit": LIMIT,
    "hits": HITS,
    "room": ROOM,
    "turnstile": TURNSTILE,
}


def take(arguments: list[str]) -> None:
    """In the supervisor, before anything else is opened: put everything in its place."""
    given = json.loads(arguments[0]) if arguments else {}
    wanted = list(zip(given.pop("enter", []), ENTER, strict=False))
    wanted += [(number, _PLACES[name]) for name, number in given.items()]
    low = [(os.dup(number), place) for number, place in wanted]  # a number handed in may be one of our places
    for number, _ in wanted:
        os.close(number)
    with contextlib.suppress(OSError):  # some kernels do not say how long a process has waited
        low.append((os.open("/proc/self/schedstat", os.O_RDONLY), SUPERVISOR))
    for number, place in low:
        os.dup2(number, place, inheritable=False)
        os.close(number)


def is_there(place: int) -> bool:
    """Whether that was handed in."""
    try:
        os.fstat(place)
    except OSError:
        return False
    return True
