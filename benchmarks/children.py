"""Processes of our own that a benchmark starts, for as long as it needs them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

START_S = 60.0


@contextmanager
def started(*command: str) -> Iterator[psutil.Popen]:
    """Python with these arguments, for as long as the block runs."""
    process = psutil.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until it holds; fails, naming what did not come up, where it does not."""
    deadline = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come up"
        time.sleep(0.05)
