"""What a test changes around the solution, told to the solution's process before it is asked the next thing: the
environment, the current folder, the arguments, the seed of random numbers, and fakes in the place of functions that
tests like to replace. And the other way: warnings of the solution's, for the test's filters to decide on.
"""

import builtins
import contextlib
import datetime
import operator
import os
import posixpath
import random
import sys
import time
import types
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .peer import Peer

FAKED: dict[types.ModuleType, tuple[str, ...]] = {
    builtins: ("open", "print"),
    datetime: ("date", "datetime"),
    os: ("getcwd", "getenv", "listdir", "makedirs", "mkdir", "remove", "system"),
    posixpath: ("exists", "getsize", "isdir", "isfile"),
    random: ("choice", "choices", "gauss", "randint", "random", "randrange", "sample", "shuffle", "uniform"),
    time: ("localtime", "monotonic", "perf_counter", "sleep", "strftime", "time", "time_ns"),
}
_MOST_WARNINGS = 1000


class Surroundings:
    """The test's side: notes what is different from what the solution's process was told last.

    It looks before each request, so the look is cheap: objects are compared, not asked.
    """

    def __init__(self, peer: "Peer") -> None:
        self._seeds: list[tuple[Any, ...]] = []
        self._environment = dict(_environment())
        self._folder = _folder()
        self._arguments = list(sys.argv)
        self._places = [(module, name) for module, names in FAKED.items() for name in names]
        self._spaces = [vars(module) for module, _ in self._places]
        self._names = [name for _, name in self._places]
        self._originals = list(map(dict.__getitem__, self._spaces, self._names))
        self._told = self._originals
        peer.serving.add("warn", self._warn)
        self._watch_seeds()

    def changes(self) -> Iterator[tuple[Any, ...]]:
        """The requests that tell of it."""
        while self._seeds:
            yield self._seeds.pop(0)
        if _environment() != self._environment:
            self._environment = dict(_environment())
            yield "environment", dict(os.environ)
        if (folder := _folder()) != self._folder:
            self._folder = folder
            yield "folder", folder
        if sys.argv != self._arguments:
            self._arguments = list(sys.argv)
            yield "arguments", self._arguments
        found = list(map(dict.get, self._spaces, self._names, self._originals))
        if not all(map(operator.is_, found, self._told)):
            before, self._told = self._told, found
            yield from self._fakes(before)

    def _fakes(self, before: list[Any]) -> Iterator[tuple[Any, ...]]:
        for (module, name), original, old, new in zip(self._places, self._originals, before, self._told, strict=True):
            if new is not old:
                yield "fake", module.__name__, name, None if new is original else new

    def _watch_seeds(self) -> None:
        original = random.seed

        def seed(a: Any = None, version: int = 2) -> None:
            """Seed the generators of both processes."""
            original(a, version)
            self._seeds.append(("seed", a, version))

        random.seed = seed

    def _warn(self, words: Any, category: Any, line: Any) -> None:
        warnings.warn_explicit(words, category, "solution.py", line, module="solution")


def follow(peer: "Peer") -> None:
    """The solution's side: does as it is told."""
    originals: dict[tuple[str, str], Any] = {}

    def fake(module: str, name: str, value: Any) -> None:
        original = originals.setdefault((module, name), getattr(sys.modules[module], name))
        setattr(sys.modules[module], name, original if value is None else value)

    def set_environment(values: dict[str, str]) -> None:
        for name in os.environ.keys() - values.keys():
            del os.environ[name]
        os.environ.update(values)

    def set_arguments(values: list[str]) -> None:
        sys.argv[:] = values

    def set_folder(path: str) -> None:
        with contextlib.suppress(OSError):
            os.chdir(path)

    for name, action in (
        ("fake", fake),
        ("environment", set_environment),
        ("arguments", set_arguments),
        ("folder", set_folder),
        ("seed", random.seed),
    ):
        peer.serving.add(name, action)


def hand_on_warnings(peer: "Peer") -> None:
    """From now on; while the solution loads, nobody is there to take them, in one interpreter neither."""
    left = iter(range(_MOST_WARNINGS))

    def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        if next(left, None) is not None:
            peer.ask("warn", str(message), category, lineno)

    warnings.resetwarnings()
    warnings.simplefilter("always")
    warnings.showwarning = show


def _environment() -> Any:
    """What `os.environ` holds, as it holds it; a test may put a dict in its place."""
    return getattr(os.environ, "_data", os.environ)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been removed
        return ""
