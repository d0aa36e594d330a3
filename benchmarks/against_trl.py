"""Our GRPO beside TRL's: twenty steps of the world's coder with the references' reward, step by step in turn.

    python benchmarks/against_trl.py WORLD [--steps N] [--seeds N] [--json FILE]

WORLD is a folder that `crossjudge world` made. Both start from the same weights, see the same problems in the same
order, have the same settings (the recipe's), and get their verdicts from the same verifier over HTTP, by the same
code; the reward is whether a solution passes all reference tests. So only the trainers differ: sampling, and the
update. After each step of TRL's trainer ours takes one in the same process, so that whatever else the machine does is
in both. The verifier's cache is off: what one asked must not be answered sooner for the other.
"""

import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}  # read when torch is imported

import datasets
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from crossjudge.client import Client
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.trainer.data import TrainingProblem, read_problems, solution_of
from crossjudge.trainer.generation.sampling import Completion
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training.cast import Cast, cast_of
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.judging import Judge, JudgedRollout
from crossjudge.trainer.training.lessons import lesson_of
from crossjudge.trainer.training.marks import marks_of
from crossjudge.trainer.training.rollout import Replies, Rollout
from crossjudge.trainer.training.run import parts_of
from world_recipe import recipe_of

transformers: Any = import_module("transformers")  # neither tells a type checker what it has
trl: Any = import_module("trl")

HELD_OUT, SAMPLES = 150, 4
EVALUATION_SEED = 1234
SHOWN = ("time/sample", "time/verify", "time/update", "time/step", "cpu", "reward", "tokens", "cells")


@dataclass
class Ours:
    """The coder of the recipe by itself, in as many parts a step as the recipe has."""

    config: ZeroCoderConfig
    cast: Cast
    judge: Judge
    steps: list[dict[str, float]] = field(default_factory=list)

    def step(self, number: int, problems: Sequence[TrainingProblem]) -> None:
        clock, cpu = Clock(), time.process_time()
        made = (self.sampled(number, at, part) for at, part in enumerate(self.parts(problems)))
        judged = self.judge.judged_meanwhile(made, True, clock)
        with clock.part("update"):
            rewards = [np.full(len(each.rollout.solutions), np.nan) if each.truth is None else each.truth.astype(float)
                       for each in judged]  # fmt: skip
            lesson = lesson_of([each.rollout.coder for each in judged], rewards, self.config.coder.scale_rewards)
            self.cast.learners["coder"].update(lesson.samples)
        self.steps.append({**clock.metrics(), "cpu": time.process_time() - cpu, **said_of(judged)})

    def parts(self, problems: Sequence[TrainingProblem]) -> list[Sequence[TrainingProblem]]:
        return list(parts_of(problems, self.config.parts_per_step))

    def sampled(self, number: int, part: int, problems: Sequence[TrainingProblem]) -> list[Rollout]:
        seed = int(np.random.SeedSequence([self.config.seed, number, part]).generate_state(1)[0])
        return [without_tests(p, r) for p, r in zip(problems, self.cast.coder.replies(problems, seed), strict=True)]


def without_tests(problem: TrainingProblem, coder: Replies) -> Rollout:
    """What is judged by the references alone."""
    solutions = tuple(solution_of(reply.text, problem.entry_point) or "" for reply in coder.completions)
    return Rollout(problem, coder, Replies((), ()), solutions, (), ())


def said_of(judged: Sequence[JudgedRollout]) -> dict[str, float]:
    replies = [reply for each in judged for reply in each.rollout.coder.completions]
    truth = [each.truth for each in judged if each.truth is not None]
    return {
        "reward": float(np.concatenate(truth).mean()),
        "tokens": float(np.mean([len(reply.token_ids) for reply in replies])),
        "cells": float(sum(len(set(e.rollout.solutions)) * len(e.rollout.problem.reference_tests) for e in judged)),
    }


class Theirs:
    """TRL's `GRPOTrainer` as it comes, with a clock around the parts of a step."""

    def __init__(
        self, config: ZeroCoderConfig, problems: Sequence[TrainingProblem], cast: Cast, judge: Judge, settings: Any
    ) -> None:
        self.judge, self.problems = judge, {problem.id: problem for problem in problems}
        self.steps: list[dict[str, float]] = []
        self.clock, self.said = Clock(), dict[str, float]()
        rows = [{"prompt": prompt_of(cast, problem), "id": problem.id} for problem in problems]
        self.trainer: Any = trl.GRPOTrainer(
            model=transformers.AutoModelForCausalLM.from_pretrained(config.coder.model, dtype=torch.float32),
            processing_class=cast.coder.tokenizer, reward_funcs=self.rewards, args=settings,
            train_dataset=datasets.Dataset.from_list(rows),
        )  # fmt: skip
        self.trainer._generate = self.timed(self.trainer._generate)

    def train(self, ours: Callable[[int], None]) -> None:
        """All steps; after each of them one of ours. What a step takes is counted from the end of the other's."""
        since = time.perf_counter(), time.process_time()

        def begin(*_: Any, **__: Any) -> None:
            nonlocal since
            since = time.perf_counter(), time.process_time()

        def end(_: Any, __: Any, state: Any, *___: Any, **____: Any) -> None:
            self.took(time.perf_counter() - since[0], time.process_time() - since[1])
            ours(state.global_step)
            begin()

        callback = type("InTurn", (transformers.TrainerCallback,), {"on_train_begin": begin, "on_step_end": end})
        self.trainer.add_callback(callback())
        self.trainer.train()

    def rewards(
        self, completions: Sequence[str], completion_ids: Any, id: Sequence[str], **_: Any
    ) -> list[float | None]:
        """Asked in groups of `num_generations` consecutive completions; None where it could not be judged."""
        with self.clock.part("verify"):
            size = self.trainer.num_generations
            rollouts = []
            for at in range(0, len(completions), size):
                group = zip(completion_ids[at : at + size], completions[at : at + size], strict=True)
                replies = tuple(Completion(tuple(ids), None, text, False) for ids, text in group)
                rollouts.append(without_tests(self.problems[id[at]], Replies((), replies)))
            judged = self.judge.judge(rollouts, with_references=True)
            self.said = said_of(judged)
            return [value for each in judged for value in rewards_of(each)]

    def timed(self, generate: Callable[..., Any]) -> Callable[..., Any]:
        def sampled(*given: Any, **options: Any) -> Any:
            with self.clock.part("sample"):
                return generate(*given, **options)

        return sampled

    def took(self, seconds: float, cpu: float) -> None:
        parts = {"time/sample": 0.0, "time/verify": 0.0, **self.clock.metrics()}
        update = seconds - parts["time/sample"] - parts["time/verify"]  # all the rest, padding and bookkeeping too
        self.steps.append({**parts, "time/update": update, "time/step": seconds, "cpu": cpu, **self.said})
        self.clock = Clock()


def prompt_of(cast: Cast, problem: TrainingProblem) -> str:
    return cast.coder.template.fill(prompt=problem.prompt, entry_point=problem.entry_point)


def rewards_of(judged: JudgedRollout) -> list[float | None]:
    if judged.truth is None:
        return [None] * len(judged.rollout.solutions)
    return [float(value) for value in judged.truth]


def arguments(config: ZeroCoderConfig, steps: int, batch: int, folder: Path) -> Any:
    """The recipe's settings under TRL's names. `batch`: completions that pass through the model at a time."""
    coder = config.coder
    replies = config.problems_per_step * coder.num_generations
    return trl.GRPOConfig(
        output_dir=str(folder), use_cpu=True, bf16=False, report_to="none", save_strategy="no", disable_tqdm=True,
        logging_strategy="no", gradient_checkpointing=False, shuffle_dataset=False, seed=config.seed, max_steps=steps,
        per_device_train_batch_size=min(batch, replies), gradient_accumulation_steps=max(1, replies // batch),
        num_generations=coder.num_generations, max_completion_length=coder.max_completion_length,
        temperature=coder.temperature, top_p=coder.top_p, top_k=coder.top_k, beta=coder.beta,
        epsilon=coder.epsilon, loss_type=coder.loss_type, scale_rewards=coder.scale_rewards,
        num_iterations=coder.num_iterations, learning_rate=coder.learning_rate, warmup_steps=coder.warmup_steps,
        lr_scheduler_type=coder.lr_scheduler_type, adam_beta1=coder.adam_beta1, adam_beta2=coder.adam_beta2,
        weight_decay=coder.weight_decay, max_grad_norm=coder.max_grad_norm,
    )  # fmt: skip


def held_out(
    config: ZeroCoderConfig, model: Path, problems: Sequence[TrainingProblem], judge: Judge
) -> dict[str, float]:
    """pass@1 and pass@4 of a coder's folder, from the same random numbers for all."""
    cast = cast_of(config.model_copy(update={"coder": config.coder.model_copy(update={"model": str(model)})}))
    replies = cast.coder.replies(problems, EVALUATION_SEED, SAMPLES)
    rollouts = [without_tests(problem, each) for problem, each in zip(problems, replies, strict=True)]
    found = marks_of(judge.judge(rollouts, with_references=True), (1, 4))
    return {name: round(found[name].value, 3) for name in ("pass@1", "pass@4")}


def compared(
    world: Path, seed: int, steps: int, batch: int, judge: Judge, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Both trainers from the same start, one seed."""
    config = recipe_of(ZeroCoderConfig, world, f"seed={seed}", "layout=separate")
    size = config.problems_per_step
    pool = read_problems(config.problems).problems
    problems = [pool[at] for at in np.random.default_rng(seed).permutation(len(pool))[: steps * size]]
    assert config.eval_problems is not None
    measured_on = read_problems(config.eval_problems).problems[:HELD_OUT]
    with TemporaryDirectory() as folder:
        place = Path(folder)
        ours = Ours(config, cast_of(config), judge)
        theirs = Theirs(config, problems, ours.cast, judge, arguments(config, steps, batch, place))
        check_prompts(theirs, ours.cast, problems[:size])

        def one_of_ours(number: int) -> None:
            ours.step(number, problems[(number - 1) * size : number * size])
            tell(f"seed {seed}, step {number}: " + ", ".join(
                f"{name} {s['time/step']:.2f} s, reward {s['reward']:.2f}"
                for name, s in (("TRL", theirs.steps[-1]), ("ours", ours.steps[-1]))
            ))  # fmt: skip

        theirs.train(one_of_ours)
        ours.cast.policies.save(place / "ours")
        theirs.trainer.save_model(str(place / "theirs"))
        after = {"ours": held_out(config, place / "ours" / "coder", measured_on, judge),
                 "TRL": held_out(config, place / "theirs", measured_on, judge)}  # fmt: skip
    start = held_out(config, Path(str(config.coder.model)), measured_on, judge)
    tell(f"seed {seed}: held out {start}, then {after}")
    taken = {"ours": rounded(ours.steps), "TRL": rounded(theirs.steps)}
    return {"seed": seed, "before": start, "after": after, "steps": taken}


def rounded(steps: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: round(value, 3) for name, value in step.items()} for step in steps]


def check_prompts(theirs: Theirs, cast: Cast, problems: Sequence[TrainingProblem]) -> None:
    """Fails where the two would read different prompts."""
    read, *_ = theirs.trainer._tokenize_prompts([prompt_of(cast, problem) for problem in problems])
    assert [tuple(ids) for ids in read] == [cast.coder.prompt_ids(problem) for problem in problems]


def medians(runs: Sequence[dict[str, Any]], name: str) -> dict[str, float]:
    """Over all steps but each run's first, in which everything warms up."""
    steps = [step for run in runs for step in run["steps"][name][1:]]
    return {key: round(statistics.median(step[key] for step in steps), 3) for key in steps[0]}


def figures(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "load": round(os.getloadavg()[2], 2),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
        "held_out": HELD_OUT, "samples": SAMPLES, "medians": {name: medians(runs, name) for name in ("ours", "TRL")},
        "ours / TRL": round(float(np.median(ratios(runs, "time/step"))), 3),
        "ours / TRL, cpu": round(float(np.median(ratios(runs, "cpu"))), 3), "runs": runs,
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    table = Table("", *SHOWN, title="medians of a step: seconds, and what it was about")
    for name, figures in found["medians"].items():
        table.add_row(name, *(f"{figures[column]:.2f}" for column in SHOWN))
    console = Console(stderr=True, width=120)
    console.print(table)
    for run in found["runs"]:
        console.print(f"seed {run['seed']}: before {run['before']}, after {run['after']}")
    console.print(f"a step of ours takes {found['ours / TRL']} of TRL's time, by CPU time {found['ours / TRL, cpu']}")


def ratios(runs: Sequence[dict[str, Any]], key: str) -> NDArray[np.float64]:
    """Ours by theirs, step by step: neighbours in time saw the same machine."""
    pairs = [pair for run in runs for pair in list(zip(run["steps"]["ours"], run["steps"]["TRL"], strict=True))[1:]]
    return np.array([ours[key] / theirs[key] for ours, theirs in pairs])


def main(
    world: Annotated[Path, typer.Argument(help="A folder that `crossjudge world` made.", exists=True)],
    steps: Annotated[int, typer.Option(min=2)] = 20,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 2,
    batch: Annotated[
        int, typer.Option(min=1, help="Completions at a time in TRL's update; ours has the recipe's.")
    ] = 128,
    json_file: Annotated[Path | None, typer.Option("--json", help="Keep the figures here.")] = None,
) -> None:
    """Measure, and print a table."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")  # what TRL and transformers warn each other of
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    machine = where()
    with TemporaryDirectory() as folder, Stack(Path(folder)) as stack, Client(stack.url, cache=False) as client:
        judge = Judge(client, 600, console.print)
        runs: list[dict[str, Any]] = []
        for seed in range(seeds):
            runs.append(compared(world, seed, steps, batch, judge, console.print))
            found = {"machine": machine, "batch": {"TRL": batch}, **figures(runs)}
            if json_file is not None:
                json_file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    show(found)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
