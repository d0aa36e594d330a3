"""A run from its configuration to its end: puts the parts together, steps, evaluates, saves, goes on where it was."""

import random
import signal
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from crossjudge.client import Client, CrossjudgeError
from crossjudge.trainer.data import TrainingProblem, read_problems
from crossjudge.trainer.policy.errors import UnusableModel
from crossjudge.trainer.processes import is_lead, processes_here

from . import checkpoint
from .alarms import Alarms
from .cast import Cast, cast_of
from .checks import (
    Asked,
    check_batch,
    check_extractors,
    check_lengths,
    check_same_run,
    check_templates,
    check_verifier,
    check_writable,
    labelled_problems,
)
from .config import RecipeConfig, RunConfig
from .errors import BadRunFolder, TrainingError
from .evaluation import Evaluation
from .judging import Judge
from .recipe import Recipe
from .run_folder import RunFolder, whole_checkpoints
from .trackers import Trackers, check_trackers

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
        also: Asked | None = None,
    ) -> None:
        """`also`: other problems that the recipe asks about, by the key that names their file."""
        self.config = config
        self.processes = processes_here(_longest_wait(config) + WORK_SECONDS, config.device)
        is_first = is_lead(self.processes)
        self.console = console if is_first else Console(quiet=True)
        self.folder = RunFolder(config.output_dir, is_written=is_first)
        check_trackers(config.report_to)
        self.problems: Sequence[TrainingProblem] = read_problems(config.problems).problems[: config.problems_limit]
        check_batch(config, self.problems, str(config.problems))
        self.evaluation = evaluation_of(config, config.tester.tests_per_reply)
        held_out = {} if self.evaluation is None else {"eval_problems": self.evaluation.problems}
        asked = {"problems": self.problems, **held_out, **(also or {})}
        check_templates(config, asked)
        check_extractors(config)
        at = start_of(self.folder, resume)
        check_writable(config.output_dir)
        if at is not None:
            check_same_run(config.output_dir, config, self._tell)
        check_verifier(client)
        self.processes.gathered(None)  # all have looked before the first writes
        self.cast = self._cast(at)
        check_lengths(self.cast.coder, self.cast.tester, asked)
        self.judge = Judge(client, config.verifier.patience_seconds, self._tell, self.processes)
        self.recipe = make(config, self.cast, self.judge)
        self.alarms = Alarms(config.alarms)
        self.trackers = Trackers(config.report_to if is_first else (), self._tell)
        self._saved = 0
        self._note(0, None)
        if at is not None:
            self._load(config.output_dir / f"checkpoint-{at}", at)
        self.is_asked_to_stop = self.is_stopped = False

    def train(self) -> dict[str, float]:
        """All steps that are left. Returns the last metrics. SIGTERM and Ctrl-C save and end it, and so does a verifier
        that stays away."""
        self.folder.start(self.config)
        self.folder.forget_after(self.done or -1)  # step 0 is measured anew where nothing was saved after it
        self.trackers.start(self.folder.path, self.done, self.config.model_dump(mode="json"))
        try:
            with _until_signal(self._stop):
                return self._steps()
        except CrossjudgeError as error:
            # Not where a folder cannot be written, say; and other processes may not know that this one has to stop.
            if not isinstance(error, TrainingError) and self.processes.count == 1:
                self._save_rest()
            raise
        finally:
            self.trackers.finish()

    def _steps(self) -> dict[str, float]:
        metrics: dict[str, float] = {}
        self.cast.sync()
        self.problems = self.recipe.chosen(self.problems, self.folder.path)
        check_batch(self.config, self.problems, "what the recipe chose of the problems")
        if self.done == 0:
            metrics = self._evaluated(0)
            self._logged(0, metrics)
        if self.done >= self.config.max_steps:
            self._tell(f"nothing is left to do: {self.done} steps are done, and max_steps is {self.config.max_steps}")
        self._agree_to_stop()
        for number in range(self.done + 1, self.config.max_steps + 1):
            if self.is_stopped:
                self._save_rest()
                break
            metrics = self._step(number)
        return metrics

    def _step(self, number: int) -> dict[str, float]:
        result = self.recipe.step(number, self.batch(number))
        self._note(number, deepcopy(self.recipe.state_dict()))
        metrics = dict(result.metrics)
        try:
            if self._is_due(number, self.config.eval_steps):
                metrics |= self._evaluated(number)
        finally:
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
        learnt = {name: learner.state_dict() for name, learner in self.cast.learners.items()}
        state = {"recipe": self._recipe_state, "alarms": self.alarms.state_dict()}
        with self.cast.policies.whole():
            if is_lead(self.processes):
                checkpoint.save(self.folder.path, self.done, self.cast.policies, learnt, state)
                checkpoint.keep_last(self.folder.path, self.config.save_total_limit)
            self.processes.gathered(None)  # nobody goes while the first still saves
        self._saved = self.done

    def _note(self, step: int, recipe_state: Any) -> None:
        """Where the run stands now that a step is done: one that is broken off changes some of it."""
        self.done, self._recipe_state, self._learnt = step, recipe_state, self._updates()

    def _updates(self) -> list[int]:
        return [learner.steps for learner in self.cast.learners.values()]

    def _save_rest(self) -> None:
        """What was learnt since the last checkpoint, unless a step was broken off in the middle of learning."""
        if self.done > self._saved and self._updates() == self._learnt:
            self.save()
            self._tell(f"step {self.done} is saved; the same command goes on from there")

    def _cast(self, at: int | None) -> Cast:
        if at is None:
            return cast_of(self.config, None, self._tell, self.processes)
        place = self.config.output_dir / f"checkpoint-{at}"
        try:
            return cast_of(self.config, place, self._tell, self.processes)
        except UnusableModel as error:
            there = ", ".join(map(str, whole_checkpoints(self.config.output_dir)))
            raise BadRunFolder(f"cannot go on from {place}: {error}; --resume N takes another of {there}") from error

    def _load(self, place: Path, step: int) -> None:
        state = checkpoint.load_state(place)
        try:
            for name, learner in self.cast.learners.items():
                learner.load_state_dict(state["learners"][name])
            self.recipe.load_state_dict(state["recipe"])
            self.alarms.load_state_dict(state["alarms"])
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            what = f"{place} does not fit this recipe and configuration ({type(error).__name__}: {error})"
            raise BadRunFolder(f"{what}: set back what was changed, or resume from another checkpoint") from error
        self._saved = step
        self._note(step, state["recipe"])
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

    def _logged(self, number: int, metrics: dict[str, float]) -> None:
        self.folder.log(number, metrics)
        self.trackers.log(number, metrics)
        told = ("eval/pass@1", "eval/pass@4", "eval/tests/mul", "coder/reward", "tester/reward", "selector/precision",
                "selector/skip_rate", "tests/valid", "time/step")  # fmt: skip
        said = "  ".join(f"{name} {metrics[name]:.3f}" for name in told if name in metrics)
        self._tell(f"step {number}/{self.config.max_steps}  {said}")

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


def parts_of(problems: Sequence[TrainingProblem], count: int) -> Iterator[Sequence[TrainingProblem]]:
    """The problems in order, in `count` parts of about the same size; fewer where there are fewer problems."""
    parts = max(1, min(count, len(problems)))
    bounds = [len(problems) * at // parts for at in range(parts + 1)]
    return (problems[first:last] for first, last in pairwise(bounds))


def start_of(folder: RunFolder, resume: str) -> int | None:
    """The step to go on from; None for a fresh start. `resume` is auto, never, or a step's number."""
    steps = whole_checkpoints(folder.path)
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


def evaluation_of(config: RecipeConfig, tests_per_reply: int) -> Evaluation | None:
    """The held-out problems and how they are measured; None where the configuration names none."""
    if config.eval_problems is None:
        return None
    problems = labelled_problems(config.eval_problems)[: config.eval_limit]
    return Evaluation(problems, config.eval_samples, tests_per_reply, config.eval_mutants)
