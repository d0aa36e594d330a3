"""A run from its configuration to its end: puts the parts together, steps, evaluates, saves, goes on where it was."""

import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem, load_template, read_problems
from crossjudge.trainer.generation import Sampling
from crossjudge.trainer.generation.in_process import InProcessGenerator
from crossjudge.trainer.policy.folders import ModelSettings
from crossjudge.trainer.policy.layouts import Policies, separate, shared
from crossjudge.trainer.policy.loss import LossSettings
from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.policy.update import Learner, UpdateSettings
from crossjudge.trainer.rewards import make_coder_reward, make_tester_reward
from crossjudge.trainer.selectors import make_selector
from crossjudge.trainer.zerocoder import ZeroCoder

from . import checkpoint
from .config import RoleConfig, ZeroCoderConfig
from .errors import BadConfig, BadRunFolder
from .evaluation import Evaluation
from .judging import Judge
from .rollout import Player
from .run_folder import RunFolder

EVALUATION_SEED = 10_000_019


class Run:
    """One training run of ZeroCoder. Everything random is drawn from the seed and the step's number, so a run that was
    stopped and resumed logs what one logs that was not."""

    def __init__(self, config: ZeroCoderConfig, client: Client, console: Console, resume: str = "auto") -> None:
        self.config, self.console = config, console
        self.folder = RunFolder(config.output_dir)
        self.problems = _problems(config.problems)
        at = _start(config, self.folder, resume)
        self.policies = _policies(config, None if at is None else config.output_dir / f"checkpoint-{at}")
        self.recipe = _recipe(config, self.policies, Judge(client, config.verifier.patience_seconds, self._tell))
        self.evaluation = _evaluation(config)
        self.done = 0
        if at is not None:
            self._load(config.output_dir / f"checkpoint-{at}", at)
        self.stopped = False

    def train(self) -> dict[str, float]:
        """All steps that are left. Returns the last metrics. SIGTERM and Ctrl-C save and end it."""
        self.folder.start(self.config)
        self.folder.forget_after(self.done)
        metrics: dict[str, float] = {}
        with _until_signal(self._stop):
            if self.done == 0:
                metrics = self._logged(0, self._evaluated(0))
            for number in range(self.done + 1, self.config.max_steps + 1):
                metrics, samples = self.recipe.step(number, self.batch(number))
                self.done = number
                if self._is_due(number, self.config.eval_steps):
                    metrics |= self._evaluated(number)
                self.folder.keep(number, samples)
                self._logged(number, metrics)
                if self._is_due(number, self.config.save_steps) or self.stopped:
                    self.save()
                if self.stopped:
                    break
        return metrics

    def batch(self, number: int) -> list[TrainingProblem]:
        """The problems of a step: the file in a new order each time that it has been gone through."""
        size, count = self.config.problems_per_step, len(self.problems)
        first = (number - 1) * size
        return [self.problems[self._order(at // count)[at % count]] for at in range(first, first + size)]

    def save(self) -> None:
        """A checkpoint of the step just done."""
        selector = getattr(self.recipe.selector, "state_dict", lambda: None)()
        learners = {learner.policy.name: learner for learner in self.recipe.learners.values()}
        checkpoint.save(self.folder.path, self.done, self.policies, learners, selector)
        checkpoint.keep_last(self.folder.path, self.config.save_total_limit)

    def _load(self, place: Path, step: int) -> None:
        state = checkpoint.load_state(place)
        for learner in self.recipe.learners.values():
            learner.load_state_dict(state["learners"][learner.policy.name])
        if state["selector"] is not None:
            self.recipe.selector.load_state_dict(state["selector"])  # type: ignore[attr-defined]
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
        recipe = self.recipe
        return self.evaluation.measure(recipe.coder, recipe.tester, recipe.judge, EVALUATION_SEED + 2 * number)

    def _logged(self, number: int, metrics: dict[str, float]) -> dict[str, float]:
        self.folder.log(number, metrics)
        told = ("eval/pass@1", "eval/pass@4", "coder/reward", "tester/reward", "selector/precision",
                "selector/skip_rate", "tests/valid", "time/step")  # fmt: skip
        said = "  ".join(f"{name} {metrics[name]:.3f}" for name in told if name in metrics)
        self._tell(f"step {number}/{self.config.max_steps}  {said}")
        return metrics

    def _tell(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _stop(self) -> None:
        self.stopped = True
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


def _problems(path: Path) -> Sequence[TrainingProblem]:
    problems = read_problems(path).problems
    if not problems:
        raise BadConfig(f"{path} holds no problem")
    return problems


def _start(config: ZeroCoderConfig, folder: RunFolder, resume: str) -> int | None:
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


def _policies(config: ZeroCoderConfig, weights: Path | None) -> Policies:
    roles = (config.coder, config.tester)
    if config.layout == "shared":
        if any(role.model for role in roles):
            raise BadConfig(
                "layout shared has one model for both roles: set model, and not coder.model or tester.model"
            )
        return shared(_model(config, None), with_reference=any(role.beta for role in roles), weights=weights)
    with_reference = any(role.beta for role in roles)
    coder, tester = (_model(config, role.model) for role in roles)
    return separate(coder, tester, with_reference=with_reference, weights=weights)


def _model(config: ZeroCoderConfig, named: str | None) -> ModelSettings:
    model = named or config.model
    if model is None:
        raise BadConfig("model is missing: name a Hugging Face folder with model=…, or one for each role")
    return ModelSettings(
        model=model, dtype=config.dtype, bf16=config.bf16, device=config.device,
        gradient_checkpointing=config.gradient_checkpointing,
    )  # fmt: skip


def _recipe(config: ZeroCoderConfig, policies: Policies, judge: Judge) -> ZeroCoder:
    if config.tester.reward.options.get("discrimination") == "mutants" and not config.mutants:
        raise BadConfig("tester.reward discriminates by mutants, and there are none: set mutants, to 5 say")
    coder, tester = (
        _player(policy, role, config)
        for policy, role in ((policies.coder, config.coder), (policies.tester, config.tester))
    )
    first = Learner(policies.coder, _learning(config, config.coder))
    second = first if policies.tester is policies.coder else Learner(policies.tester, _learning(config, config.tester))
    return ZeroCoder(
        config, coder, tester, judge,
        make_selector(config.selector.name, config.selector.options),
        make_coder_reward(config.coder.reward.name, **config.coder.reward.options),
        make_tester_reward(config.tester.reward.name, **config.tester.reward.options),
        {"coder": first, "tester": second},
    )  # fmt: skip


def _player(policy: Policy, role: RoleConfig, config: ZeroCoderConfig) -> Player:
    sampling = Sampling(
        temperature=role.temperature, top_p=role.top_p, top_k=role.top_k, stop=role.stop,
        max_completion_length=role.max_completion_length,
    )  # fmt: skip
    generator = InProcessGenerator(policy, config.generation_batch_size)
    return Player(generator, policy.tokenizer, load_template(role.prompt), sampling, role.num_generations)


def _learning(config: ZeroCoderConfig, role: RoleConfig) -> UpdateSettings:
    loss = LossSettings(
        loss_type=role.loss_type, epsilon=role.epsilon, epsilon_high=role.epsilon_high, delta=role.delta, beta=role.beta
    )
    return UpdateSettings(
        loss=loss, learning_rate=role.learning_rate, lr_scheduler_type=role.lr_scheduler_type,
        warmup_steps=role.warmup_steps, max_steps=config.max_steps * role.num_iterations,
        adam_beta1=role.adam_beta1, adam_beta2=role.adam_beta2, weight_decay=role.weight_decay,
        max_grad_norm=role.max_grad_norm, num_iterations=role.num_iterations,
        micro_batch_size=role.per_device_train_batch_size, temperature=role.temperature,
        max_completion_length=role.max_completion_length,
        mask_truncated_completions=role.mask_truncated_completions, seed=config.seed,
    )  # fmt: skip


def _evaluation(config: ZeroCoderConfig) -> Evaluation | None:
    if config.eval_problems is None:
        return None
    problems = _problems(config.eval_problems)[: config.eval_limit]
    if lacking := next((p.id for p in problems if not p.reference_tests or p.reference_solution is None), None):
        raise BadConfig(f"{config.eval_problems}: {lacking} has no reference solution and tests to be measured by")
    return Evaluation(problems, config.eval_samples, config.tester.tests_per_reply)
