"""Stacks to test against: one that all tests share, and one for each test that breaks things."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossjudge.client import Client
from running_stack import RunningStack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a stack that all tests share, which none of them disturbs."""
    with running(tmp_path_factory.mktemp("stack")) as parts:
        yield parts.url


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[RunningStack]:
    """A stack for one test, which may break it; its chunks are small, so that there are many to break."""
    with running(tmp_path, chunk_cells=2) as parts:
        yield parts


@pytest.fixture
def judge(stack: str) -> Iterator[Client]:
    with Client(stack, run="integration", limits={"cpu_seconds": 1.0, "wall_seconds": 4.0}) as client:
        yield client
