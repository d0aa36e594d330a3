"""Runs of the trainer in processes of their own, which a test may kill at any moment.

They are forked from a process that has imported torch already, so that a run starts in a second.
"""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig

LONGEST_S = 120.0
_IMPORTED = ["torch", "transformers.models.llama.modeling_llama", "crossjudge.trainer.recipes.zerocoder.recipe"]
_OF_FILES = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"})


def lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file that somebody may be writing."""
    text = path.read_text("utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def untimed(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if not name.startswith("time/")} for each in metrics]


def outcome(run: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What a run came to: its metrics but for times, and what it sampled."""
    return untimed(lines(run / "metrics.jsonl")), lines(run / "samples.jsonl")


@contextmanager
def training(settings: dict[str, Any], url: str, dies_in_save: int | None = None) -> Iterator[BaseProcess]:
    """The run that `settings` describe, with what it says in `<output_dir>.log`; killed where the block leaves it.

    `dies_in_save`: kill itself before the so-many-th thing that it does to a checkpoint that is not whole yet.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    process = context.Process(target=_train, args=(settings, url, dies_in_save))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def finished(settings: dict[str, Any], url: str) -> None:
    """The run, to its end."""
    with training(settings, url) as process:
        process.join(LONGEST_S)
        log = Path(f"{settings['output_dir']}.log")
        assert process.exitcode == 0, f"the run ended with {process.exitcode}:\n{log.read_text('utf-8')}"


def _train(settings: dict[str, Any], url: str, dies_in_save: int | None) -> None:
    from crossjudge.trainer.recipes.zerocoder.recipe import train

    config = ZeroCoderConfig.model_validate(settings)
    if dies_in_save is not None:
        _die_in_save(config.output_dir, dies_in_save)
    with Path(f"{config.output_dir}.log").open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)  # a traceback too
        with Client(url, run=config.output_dir.name, cache=False) as judge:
            train(config, judge, Console(file=log))


def _die_in_save(folder: Path, at: int) -> None:
    half_done, touched = f"{folder}/.checkpoint-", 0

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal touched
        if event in _OF_FILES and arguments and str(arguments[0]).startswith(half_done):
            touched += 1
            if touched == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)
