"""A training run whose verifier goes away, that is killed itself, or that is not alone: its results stay the same."""

import random
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossjudge.client import Client, Grid
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from queued_batches import wait_for
from running_stack import RunningStack, kill_family
from trained_apart import finished, lines, outcome, training
from wordy_models import wordy_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]

SLEEPY = "import time\ntime.sleep(0.05)"
"""What stands before each solution, so that there is a while in which its row is being judged."""
FLOOD_PROBLEM_CELLS = 40
FLOOD_CELLS = 6000
LEAST_SHARE = 0.25
"""Half of the cells is the run's share; what the flood had under way when the run began to wait counts against it."""


@contextmanager
def away(stack: RunningStack, part: str) -> Iterator[None]:
    """A part of the verifier, or all of it, killed as a power cut would, and started again."""
    if part in ("workers", "all"):
        while stack.workers:
            kill_family(stack.workers[-1])
            stack.workers.pop().wait(10)
    if part in ("service", "all"):
        assert stack.service is not None
        kill_family(stack.service)
        stack.service.wait(10)
    if part in ("redis", "all"):
        stack.redis.kill()
    yield
    if part in ("redis", "all"):
        stack.redis.start()
    if part in ("service", "all"):
        stack.start_service()
    if part in ("workers", "all"):
        stack.start_worker("--workers", "2", "--jails", "1")


def is_being_judged(stack: RunningStack, run: str) -> bool:
    with Client(stack.url) as client:
        return any(not batch.status.is_final for batch in client.batches(run=run, limit=20))


def has_lines(path: Path, count: int) -> bool:
    return len(lines(path)) >= count


def is_rewritten(path: Path, since: int) -> bool:
    return path.exists() and path.stat().st_mtime_ns != since


def outlives(stack: RunningStack, folder: Path, outages: list[str], seconds: float) -> None:
    """A run in which a part goes away in one step after the other comes to what one comes to that is left alone."""
    settings = {**wordy_run(folder, SLEEPY), "parts_per_step": 1, "eval_steps": 0, "max_steps": len(outages) + 1}
    whole = {**settings, "output_dir": str(folder / "whole")}
    finished(whole, stack.url)
    metrics = folder / "run" / "metrics.jsonl"
    with training(settings, stack.url) as process:
        for steps, part in enumerate(outages, 1):
            wait_for(partial(has_lines, metrics, steps), f"the end of step {steps - 1}", 120)
            wait_for(partial(is_being_judged, stack, "run"), "a batch of the step")
            with away(stack, part):
                time.sleep(seconds)
        process.join(300)
        log = (folder / "run.log").read_text("utf-8")
        assert process.exitcode == 0, log
    assert outcome(folder / "run") == outcome(folder / "whole")
    assert seconds < 30 or "the verifier is away" in log


def test_a_verifier_that_goes_away_for_a_while_changes_nothing(own_stack: RunningStack, tmp_path: Path) -> None:
    outlives(own_stack, tmp_path / "training", ["all"], 2.0)


@pytest.mark.slow
def test_half_a_minute_without_a_verifier_changes_nothing(own_stack: RunningStack, tmp_path: Path) -> None:
    outlives(own_stack, tmp_path / "training", ["all", "service", "workers", "redis"], 31.0)


def test_a_trainer_that_is_killed_again_and_again_loses_nothing(stack: str, tmp_path: Path) -> None:
    """At any time, and while it writes a checkpoint: the same command goes on, and logs what it would have logged."""
    settings = {**wordy_run(tmp_path, SLEEPY), "max_steps": 8, "eval_steps": 4, "save_steps": 1}
    whole = {**settings, "output_dir": str(tmp_path / "whole")}
    finished(whole, stack)
    chance, config, half_saved = random.Random(0), tmp_path / "run" / "config.yaml", 0
    for dies_in_save in (None, 5, None, 17):
        before = config.stat().st_mtime_ns if config.exists() else 0
        with training(settings, stack, dies_in_save) as process:
            if dies_in_save is None:
                wait_for(partial(is_rewritten, config, before), "its start", 60)
                process.join(chance.uniform(0, 0.4))
                process.kill()
            process.join(60)
            assert process.exitcode == -signal.SIGKILL
        half_saved += any((tmp_path / "run").glob(".checkpoint-*.part"))
    assert half_saved >= 2
    finished(settings, stack)
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")
    assert not any((tmp_path / "run").glob(".checkpoint-*"))


def test_two_runs_at_one_verifier_disturb_each_other_in_nothing(stack: str, tmp_path: Path) -> None:
    settings = wordy_run(tmp_path)
    runs = [{**settings, "seed": seed, "max_steps": 3, "output_dir": str(tmp_path / f"{seed}")} for seed in (1, 2)]
    alone = [{**run, "output_dir": f"{run['output_dir']}-alone"} for run in runs]
    for run in alone:
        finished(run, stack)
    with training(runs[0], stack) as first:
        finished(runs[1], stack)
        first.join(60)
        assert first.exitcode == 0
    for run, undisturbed in zip(runs, alone, strict=True):
        assert outcome(Path(run["output_dir"])) == outcome(Path(undisturbed["output_dir"]))
    assert outcome(Path(runs[0]["output_dir"])) != outcome(Path(runs[1]["output_dir"]))


class Watching(Client):
    """Notes how many cells were judged for the run, and for the flood beside it, while the run waited for some."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, run="run", cache=False, **options)
        self.windows: list[tuple[int, int]] = []

    def stream(self, problems: Any, **options: Any) -> Generator[Grid]:
        before = self.judged()
        yield from super().stream(problems, **options)
        after = self.judged()
        self.windows.append((after["run"] - before["run"], after["flood"] - before["flood"]))

    def judged(self) -> dict[str, int]:
        return {"run": 0, "flood": 0} | {used.run: used.executed for used in self.runs()}


def test_a_flood_of_another_run_leaves_a_run_its_share(own_stack: RunningStack, tmp_path: Path) -> None:
    """Both have work, and each gets cells: what the flood has queued before the run's does not count."""
    from crossjudge.trainer.recipes.zerocoder.recipe import train

    settings = {**wordy_run(tmp_path / "training", SLEEPY), "max_steps": 3, "eval_steps": 0, "parts_per_step": 1}
    with Client(own_stack.url, run="flood", cache=False) as other, Watching(own_stack.url) as client:
        batch = other.submit([flood(number) for number in range(FLOOD_CELLS // FLOOD_PROBLEM_CELLS)])
        wait_for(lambda: client.judged()["flood"], "the flood's first cells")
        train(ZeroCoderConfig.model_validate(settings), client, Console(file=StringIO()))
        all_of_flood = client.judged()["flood"]
        left = other.cancel(batch).cells
    assert left.done < left.total, "the flood was over too early to say anything"
    ours, theirs = (sum(cells) for cells in zip(*client.windows, strict=True))
    assert 0 < theirs < all_of_flood, client.windows
    assert ours / (ours + theirs) > LEAST_SHARE, client.windows


def flood(number: int) -> dict[str, Any]:
    """A problem like no other, of `FLOOD_PROBLEM_CELLS` cells."""
    solutions = [f"{SLEEPY}\ndef f(): return {row}" for row in range(10)]
    return {"solutions": solutions, "tests": [f"assert f() != {-number * 4 - k}" for k in range(1, 5)]}
