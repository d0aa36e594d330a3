"""A run from its configuration to its end: puts the parts together, steps, evaluates, saves, goes on where it was."""

import random
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem, read_problems
from crossjudge.trainer.processes import is_lead, processes_here

from . import checkpoint
from .alarms import Alarms
from .cast import Cast, cast_of
from .config import RunConfig
from .errors import BadConfig, BadRunFolder
from .evaluation import Evaluation
from .judging import Judge
from .recipe import Recipe
from .run_folder import RunFolder

C = TypeVar("C", bound=RunConfig)
EVALUATION_SEED = 10_000_019
WORK_SECONDS = 3600
"""How much longer than another may a process work before it is thought dead, beyond what it may wait for servers."""


class Run:
    """One training run of a recipe, which `make` puts together. Everything random is drawn from the seed and the step's
    number, so a run that was stopped and resumed logs what one logs that was not.

    Of several processes all run this; the first alone talks, writes and saves.
    """

    def __init__(
        self,
        config: C,
        client: Client,
        console: Console,
        resume: str,
        make: Callable[[C, Cast, Judge], Recipe],
    ) -> None:
        self.config = config
        self.processes = processes_here(_longest_wait(config) + WORK_SECONDS, config.device)
        is_first = is_lead(self.processes)
        self.console = console if is_first else Console(quiet=True)
        self.folder = RunFolder(config.output_dir, is_written=is_first)
        self.problems: Sequence[TrainingProblem] = some_problems(config.problems)
        self.evaluation = _evaluation(config)
        at = _start(config, self.folder, resume)
        self.processes.gathered(None)  # all have looked before the first writes
        weights = None if at is None else config.output_dir / f"checkpoint-{at}"
        self.cast = cast_of(config, weights, self._tell, self.processes)
        self.judge = Judge(client, config.verifier.patience_seconds, self._tell, self.processes)
        self.recipe = make(config, self.cast, self.judge)
        self.alarms = Alarms(config.alarms)
        self.done = 0
        if at is not None:
            self._load(config.output_dir / f"checkpoint-{at}", at)
        self.is_asked_to_stop = self.is_stopped = False

    def train(self) -> dict[str, float]:
        """All steps that are left. Returns the last metrics. SIGTERM and Ctrl-C save and end it."""
        self.folder.start(self.config)
        self.folder.forget_after(self.done)
        metrics: dict[str, float] = {}
        with _until_signal(self._stop):
            self.cast.sync()
            self.problems = self.recipe.chosen(self.problems, self.folder.path)
            if self.done == 0:
                metrics = self._logged(0, self._evaluated(0))
            self._agree_to_stop()
            for number in range(self.done + 1, self.config.max_steps + 1):
                if self.is_stopped:
                    break
                metrics = self._step(number)
        return metrics

    def _step(self, number: int) -> dict[str, float]:
        result = self.recipe.step(number, self.batch(number))
        self.done = number
        metrics = dict(result.metrics)
        if self._is_due(number, self.config.eval_steps):
            metrics |= self._evaluated(number)
        self.folder.keep(number, result.samples)
        self._logged(number, metrics)
        for reason, text in [*result.alarms, *self.alarms.look(metrics)]:
            self.folder.warn(number, reason, text)
            self._tell(f"ALARM at step {number}: {text}")
        self._agree_to_stop()
        if self._is_due(number, self.config.save_steps) or self.is_stopped:
            self.save()
        return metrics

    def batch(self, number: int) -> list[TrainingProblem]:
        """The problems of a step: the file in a new order each time that it has been gone through."""
        size, count = self.config.problems_per_step, len(self.problems)
        first = (number - 1) * size
        return [self.problems[self._order(at // count)[at % count]] for at in range(first, first + size)]

    def save(self) -> None:
        """A checkpoint of the step just done."""
        state = {"recipe": self.recipe.state_dict(), "alarms": self.alarms.state_dict()}
        learnt = {name: learner.state_dict() for name, learner in self.cast.learners.items()}
        with self.cast.policies.whole():
            if is_lead(self.processes):
                checkpoint.save(self.folder.path, self.done, self.cast.policies, learnt, state)
                checkpoint.keep_last(self.folder.path, self.config.save_total_limit)
            self.processes.gathered(None)  # nobody goes while the first still saves

    def _load(self, place: Path, step: int) -> None:
        state = checkpoint.load_state(place)
        for name, learner in self.cast.learners.items():
            learner.load_state_dict(state["learners"][name])
        self.recipe.load_state_dict(state["recipe"])
        self.alarms.load_state_dict(state["alarms"])
        self.done = step
        self._tell(f"resumed after step {step}")

    def _order(self, epoch: int) -> Sequence[int]:
        order = list(range(len(self.problems)))
        random.Random(f"{self.config.seed}/{epoch}").shuffle(order)
        return order

    def _is_due(self, number: int, every: int) -> bool:
        return number == self.config.max_steps or bool(every and number % every == 0)

    def _evaluated(self, number: int) -> dict[str, float]:
        if self.evaluation is None:
            return {}
        return self.recipe.evaluated(self.evaluation, EVALUATION_SEED + 2 * number)

    def _logged(self, number: int, metrics: dict[str, float]) -> dict[str, float]:
        self.folder.log(number, metrics)
        told = ("eval/pass@1", "eval/pass@4", "coder/reward", "tester/reward", "selector/precision",
                "selector/skip_rate", "tests/valid", "time/step")  # fmt: skip
        said = "  ".join(f"{name} {metrics[name]:.3f}" for name in told if name in metrics)
        self._tell(f"step {number}/{self.config.max_steps}  {said}")
        return metrics

    def _tell(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _agree_to_stop(self) -> None:
        # A signal need not reach all processes in the same step.
        self.is_stopped = any(self.processes.gathered(self.is_asked_to_stop))

    def _stop(self) -> None:
        self.is_asked_to_stop = True
        self._tell("stopping: this step is finished and saved first")


class _until_signal:
    """While it lasts, SIGTERM and SIGINT ask for an end instead of making one; a second one makes it."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._asked)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _asked(self, number: int, _frame: Any) -> None:
        signal.signal(number, self._before[number])
        self._stop()


def some_problems(path: Path) -> Sequence[TrainingProblem]:
    """The problems of a file. Raises `BadConfig` where there is none, and what `read_problems` raises."""
    problems = read_problems(path).problems
    if not problems:
        raise BadConfig(f"{path} holds no problem")
    return problems


def labelled_problems(path: Path) -> Sequence[TrainingProblem]:
    """The same of problems that each have a reference solution and tests."""
    problems = some_problems(path)
    if lacking := next((p.id for p in problems if not p.reference_tests or p.reference_solution is None), None):
        raise BadConfig(f"{path}: {lacking} has no reference solution and tests to be measured by")
    return problems


def parts_of(problems: Sequence[TrainingProblem], count: int) -> Iterator[Sequence[TrainingProblem]]:
    """The problems in order, in `count` parts of about the same size; fewer where there are fewer problems."""
    parts = max(1, min(count, len(problems)))
    bounds = [len(problems) * at // parts for at in range(parts + 1)]
    return (problems[first:last] for first, last in pairwise(bounds))


def _start(config: RunConfig, folder: RunFolder, resume: str) -> int | None:
    """The step to go on from; None for a fresh start. `resume` is auto, never, or a step's number."""
    steps = checkpoint.steps_of(folder.path)
    if resume == "never":
        if folder.is_used:
            raise BadRunFolder(f"{folder.path} holds a run already: name another output_dir, or resume it")
        return None
    if resume == "auto":
        return steps[-1] if steps else None
    if not resume.isdigit() or int(resume) not in steps:
        there = ", ".join(map(str, steps)) or "none"
        raise BadRunFolder(f"{folder.path} has no checkpoint of step {resume}; there are {there}")
    return int(resume)


def _longest_wait(config: RunConfig) -> float:
    sections = [config.generation, config.coder.generation, config.tester.generation]
    return config.verifier.patience_seconds + sum(each.patience_seconds for each in sections if each is not None)


def _evaluation(config: RunConfig) -> Evaluation | None:
    if config.eval_problems is None:
        return None
    problems = labelled_problems(config.eval_problems)[: config.eval_limit]
    return Evaluation(problems, config.eval_samples, config.tester.tests_per_reply)
