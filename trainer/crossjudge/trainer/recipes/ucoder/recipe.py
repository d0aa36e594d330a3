"""UCoder (2512.17385): iterations of six stages, each of which leaves a file, and goes on where it was stopped.

`UCoder.iterate` reads from top to bottom as the paper does: problems, ratings, skeletons, tests, dense samples and
their execution, then one solution of each problem to learn. What the paper leaves open is a parameter of
`UCoderConfig`; docs/ucoder.md says what was chosen and why.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from crossjudge.client import Client
from crossjudge.client.signals import signals_end_us
from crossjudge.contracts import Verdict
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.policy.layouts import shared
from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.selectors import PassingMatrix
from crossjudge.trainer.training import checkpoint
from crossjudge.trainer.training.cast import model_of, player_of
from crossjudge.trainer.training.checks import check_verifier, check_writable, labelled_problems
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Player
from crossjudge.trainer.training.run import EVALUATION_SEED, evaluation_of, start_of
from crossjudge.trainer.training.run_folder import METRICS, RunFolder, write_whole

from . import consolidation, execution, probing, rating, sampling, selection, skeletons, testing
from .artefacts import read
from .config import UCoderConfig
from .errors import NothingLeft
from .execution import Attempt, matrix_of
from .posed import Problems, asked_as, check_room, fits, kept, posed
from .randomness import seed_of
from .records import Executed, Probed, Selected
from .rules import make_rule
from .stopping import has_stopped_rising

SHOWN = 16
"""Problems of an iteration in `samples.jsonl`."""
STATISTICS = "statistics.json"


def train(config: UCoderConfig, client: Client, console: Console, resume: str = "auto") -> dict[str, float]:
    """A run of UCoder from its configuration to its end. Returns the last metrics.

    Whatever ends it, what was finished stays, and the same call goes on from there.
    """
    with signals_end_us():
        return UCoder(config, client, console, resume).train()


class UCoder:
    """One run. Everything random is drawn from the seed, the iteration, the stage and the chunk of its work."""

    def __init__(self, config: UCoderConfig, client: Client, console: Console, resume: str) -> None:
        if config.generation.backend != "in_process":
            raise BadConfig("ucoder samples in process, from the model that it trains: leave generation.backend out")
        self.config, self.console = config, console
        self.folder = RunFolder(config.output_dir)
        self.evaluation = evaluation_of(config, config.tests.tests_per_reply)
        self.references = [] if config.references is None else labelled_problems(config.references)
        self.measured_with = [] if config.eval_problems is None else labelled_problems(config.eval_problems)
        make_rule(config.selection.name, config.selection.options, config.seed)  # else hours pass before it is found
        at = start_of(self.folder, resume)
        check_writable(config.output_dir)
        check_verifier(client)
        self.done = at or 0
        self.makes_later_ones_anew = resume != "auto"
        weights = None if at is None else config.output_dir / f"checkpoint-{at}"
        self.policies = shared(model_of(config, None), weights=weights)
        self.players = self._players()
        self.judge = Judge(client, config.verifier.patience_seconds, self._tell)

    @property
    def policy(self) -> Policy:
        """What learns."""
        return self.policies.coder

    def train(self) -> dict[str, float]:
        """All iterations that are left, or until the metric to stop by rises no more."""
        if self.makes_later_ones_anew:
            self._forget_after(self.done)
        self.folder.start(self.config)
        self.folder.forget_after(self.done or -1)  # step 0 is measured anew where nothing was saved after it
        metrics: dict[str, float] = {}
        if self.done == 0:
            metrics = self._logged(0, self._evaluated(0))
        while self.done < self.config.iterations and not self._is_over():
            number = self.done + 1
            metrics, samples = self.iterate(number)
            metrics |= self._evaluated(number)
            self.folder.keep(number, samples)
            self._logged(number, metrics)
            checkpoint.save(self.folder.path, number, self.policies, {}, {})
            checkpoint.keep_last(self.folder.path, self.config.save_total_limit)
            self.done = number
        return metrics

    def iterate(self, number: int) -> tuple[dict[str, float], list[dict[str, Any]]]:
        """One iteration, counted from 1, at the end of which the policy has learned: its metrics and some samples."""
        now = _Iteration(number, self._place(number))
        problems = self.think_of_problems(now)
        asked = self.add_skeletons(now, problems)
        attempts = self.add_tests_and_solutions(now, asked)
        executed, matrices = self.run_all(now, attempts)
        selected = self.choose(now, attempts, matrices, self._references_of(problems))
        self.learn(now, asked, selected)
        return now.metrics, shown(attempts, executed, selected)

    def think_of_problems(self, now: "_Iteration") -> list[Probed]:
        """Stages 1 and 2: those that are new, and good enough."""
        config, size = self.config, self.config.chunk_problems
        with now.clock.part(probing.NAME):
            taken = self._taken(now.number)
            probed = probing.probe(now.place, self.players["probing"], config.probing, config.seed, now.number, taken)
        new = kept(probed, probing.NAME)
        problems = [each for each in new if fits(asked_as(each), self._those("rating", "skeletons"))]
        now.report(probing.NAME, {**probing.statistics(probed), "too_long": len(new) - len(problems)})
        check_room(len(problems), len(new))
        with now.clock.part(rating.NAME):
            rated = rating.rate(now.place, self._rater(), problems, config.rating, config.seed, now.number, size)
        now.report(rating.NAME, rating.statistics(rated))
        good = {each.id for each in kept(rated, rating.NAME)}
        return [each for each in problems if each.id in good]

    def add_skeletons(self, now: "_Iteration", problems: Sequence[Probed]) -> list[TrainingProblem]:
        """Stage 3: the problems as they are asked from here on."""
        config, size = self.config, self.config.chunk_problems
        with now.clock.part(skeletons.NAME):
            made = skeletons.synthesize(now.place, self.players["skeletons"], problems, config.seed, now.number, size)
        asked = posed(problems, kept(made, skeletons.NAME), config.skeletons.in_prompt)
        fitting = [each for each in asked if fits(each, self._those("tests", "sampling"))]
        now.report(skeletons.NAME, {**skeletons.statistics(made), "too_long": len(asked) - len(fitting)})
        check_room(len(fitting), len(asked))
        return fitting

    def add_tests_and_solutions(self, now: "_Iteration", asked: Sequence[TrainingProblem]) -> list[Attempt]:
        """Stage 4 and the first half of stage 5: those that have both."""
        config, size = self.config, self.config.chunk_problems
        with now.clock.part(testing.NAME):
            tested = testing.write_tests(
                now.place, self.players["tests"], asked, config.tests, config.seed, now.number, size
            )
        now.report(testing.NAME, testing.statistics(tested, config.tests.num_generations))
        tests = {each.id: each for each in kept(tested, testing.NAME)}
        problems = {each.id: each for each in asked if each.id in tests}
        with now.clock.part(sampling.NAME):
            sampled = sampling.sample(
                now.place, self.players["sampling"], list(problems.values()), config.seed, now.number, size
            )
        now.report(sampling.NAME, sampling.statistics(sampled))
        return [(problems[each.id], each, tests[each.id]) for each in kept(sampled, sampling.NAME)]

    def run_all(self, now: "_Iteration", attempts: Sequence[Attempt]) -> tuple[list[Executed], list[PassingMatrix]]:
        """The second half of stage 5: every solution on every test."""
        with now.clock.part(execution.NAME):
            executed = execution.execute(now.place, self.judge, attempts, self.config.chunk_problems)
        matrices = [matrix_of(cells, one) for cells, (_, one, _) in zip(executed, attempts, strict=True)]
        now.report(execution.NAME, execution.statistics(matrices))
        return executed, matrices

    def choose(
        self, now: "_Iteration", attempts: Sequence[Attempt], matrices: Sequence[PassingMatrix], references: Problems
    ) -> list[Selected]:
        """The first half of stage 6: r* of each problem. References are for the log alone."""
        section, seed = self.config.selection, seed_of(self.config.seed, now.number, selection.NUMBER, 0)
        with now.clock.part(selection.NAME):
            rule = make_rule(section.name, section.options, seed)
            selected = selection.select(now.place, rule, attempts, matrices)
            right = selection.precision(selected, self.judge, references)
        now.report(selection.NAME, {**selection.statistics(selected), **right})
        return selected

    def learn(self, now: "_Iteration", asked: Sequence[TrainingProblem], selected: Sequence[Selected]) -> None:
        """The second half of stage 6: the policy learns r* of each problem."""
        chosen, problems = kept(selected, selection.NAME), {each.id: each for each in asked}
        seed = seed_of(self.config.seed, now.number, consolidation.NUMBER, 0)
        with now.clock.part(consolidation.NAME):
            examples = consolidation.examples_of(chosen, problems, self.players["sampling"], self.policy)
            if not examples:
                raise NothingLeft(f"no selected solution fits into the context of {self.config.model}")
            learned = consolidation.consolidate(now.place, self.policy, examples, self.config.consolidation, seed)
        now.report(consolidation.NAME, learned)

    def _players(self) -> dict[str, Player]:
        """Who plays which stage. A model that several sections name is held once."""
        others: dict[str, Policy] = {}
        found = {}
        for name in ("probing", "rating", "skeletons", "tests", "sampling"):
            section = getattr(self.config, name)
            policy = self.policy
            if section.model not in (None, self.config.model):
                if section.model not in others:
                    others[section.model] = shared(model_of(self.config, section.model)).coder
                policy = others[section.model]
            found[name] = player_of(policy, section, self.config, needs_prompt=name != "probing")
        return found

    def _those(self, *names: str) -> list[Player]:
        return [self.players[name] for name in names]

    def _rater(self) -> rating.Rater:
        player, config = self.players["rating"], self.config.rating
        return (
            rating.PromptRater(player)
            if config.kind == "prompt"
            else rating.LikelihoodRater(player, config.category_words)
        )

    def _taken(self, number: int) -> Iterable[str]:
        """What problems of an iteration must not be like: those that are measured with, and those of earlier ones."""
        yield from (each.prompt for each in self.measured_with)
        for earlier in range(1, number):
            path = self._place(earlier) / f"{probing.NUMBER}-{probing.NAME}.jsonl"
            if path.exists():  # else somebody needed the room, and its problems may come again
                yield from (each.prompt for each in read(path, Probed) if each.left_out is None)

    def _references_of(self, problems: Sequence[Probed]) -> dict[str, TrainingProblem]:
        """By id those problems that are known with references, because they were thought of again."""
        known = {each.prompt: each for each in self.references}
        return {each.id: known[each.prompt] for each in problems if each.prompt in known}

    def _place(self, number: int) -> Path:
        return self.folder.path / f"iteration-{number}"

    def _forget_after(self, number: int) -> None:
        """Who names where to go on from has changed something: what later iterations left is no part of this run."""
        for place in [*self.folder.path.glob("iteration-*"), *self.folder.path.glob("checkpoint-*")]:
            _, _, name = place.name.partition("-")
            if name.isdigit() and int(name) > number:
                shutil.rmtree(place)

    def _is_over(self) -> bool:
        stop = self.config.stop
        if stop.metric is None or not self.done:
            return False
        lines = (self.folder.path / METRICS).read_text("utf-8").splitlines()
        logged = [json.loads(line) for line in lines]
        values = [each[stop.metric] for each in logged if stop.metric in each]
        if not values:
            self._tell(f"stop.metric {stop.metric} is none that this run logs, so nothing will stop it early")
        is_over = has_stopped_rising(values, stop.patience, stop.min_gain)
        if is_over:
            steps = [each["step"] for each in logged if stop.metric in each]
            best = steps[values.index(max(values))]
            self._tell(f"stopped: {stop.metric} rises no more; it was best, {max(values):.3f}, in iteration {best}")
        return is_over

    def _evaluated(self, number: int) -> dict[str, float]:
        if self.evaluation is None:
            return {}
        coder, tester = self.players["sampling"], self.players["tests"]
        return self.evaluation.measure(coder, tester, self.judge, EVALUATION_SEED + 2 * number)

    def _logged(self, number: int, metrics: dict[str, float]) -> dict[str, float]:
        self.folder.log(number, metrics)
        told = ("eval/pass@1", "eval/pass@4", "selection/kept", "selection/agreement", "selection/precision",
                "consolidation/loss", "time/step")  # fmt: skip
        said = "  ".join(f"{name} {metrics[name]:.3f}" for name in told if name in metrics)
        self._tell(f"iteration {number}/{self.config.iterations}  {said}")
        return metrics

    def _tell(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Iteration:
    """An iteration that is under way. The statistics of its stages so far are in a file of its folder."""

    def __init__(self, number: int, place: Path) -> None:
        self.number, self.place, self.clock = number, place, Clock()
        self._stages: dict[str, dict[str, float]] = {}

    def report(self, stage: str, statistics: dict[str, float]) -> None:
        self._stages[stage] = statistics
        write_whole(self.place / STATISTICS, json.dumps(self._stages, indent=2) + "\n")

    @property
    def metrics(self) -> dict[str, float]:
        of_stages = {f"{stage}/{name}": value for stage, found in self._stages.items() for name, value in found.items()}
        return {**of_stages, **self.clock.metrics()}


def shown(
    attempts: Sequence[Attempt], executed: Sequence[Executed], selected: Sequence[Selected]
) -> list[dict[str, Any]]:
    """The first problems of an iteration for `samples.jsonl`; the chosen tests are those that r* passes."""
    lines = []
    for (problem, sampled, tested), cells, choice in list(zip(attempts, executed, selected, strict=True))[:SHOWN]:
        chosen = [at for at, one in enumerate(sampled.solutions) if one.source == choice.solution]
        passed = [at for row in chosen for at, letter in enumerate(cells.rows[row]) if letter == Verdict.PASSED.value]
        lines.append({
            "id": problem.id,
            "prompt": problem.prompt,
            "solutions": [one.source for one in sampled.solutions],
            "copies": [one.copies for one in sampled.solutions],
            "tests": [getattr(test, "code", None) for test in tested.tests],
            "matrix": list(cells.rows),
            "chosen": chosen,
            "chosen_tests": passed,
            "abstain": choice.left_out,
        })  # fmt: skip
    return lines
