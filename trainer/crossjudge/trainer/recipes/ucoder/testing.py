"""Stage 4, test understanding: about a hundred tests a problem, written by a model and believed by nobody yet."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from crossjudge.contracts import Test
from crossjudge.trainer.data import TrainingProblem, cut_tests
from crossjudge.trainer.training.rollout import Player

from .artefacts import produced
from .chunks import chunked
from .config import TestsConfig
from .randomness import seed_of
from .records import Tested

NUMBER, NAME = 4, "tests"


def write_tests(
    folder: Path, player: Player, problems: Sequence[TrainingProblem], config: TestsConfig, seed: int, iteration: int,
    size: int,
) -> list[Tested]:  # fmt: skip
    """Distinct tests of each problem, `max_tests` at most; left out is a problem with fewer than `min_tests`."""

    def work(number: int, some: Sequence[TrainingProblem]) -> list[Tested]:
        replies = player.replies(some, seed_of(seed, iteration, NUMBER, number))
        return [
            tests_of(each, [one.text for one in given.completions], config)
            for each, given in zip(some, replies, strict=True)
        ]

    return produced(folder / f"{NUMBER}-{NAME}.jsonl", Tested, chunked(problems, size), work)


def tests_of(problem: TrainingProblem, replies: Sequence[str], config: TestsConfig) -> Tested:
    cut = [cut_tests(reply, problem.entry_point, limit=config.tests_per_reply) for reply in replies]
    distinct: dict[str, Test] = {test.model_dump_json(): test for tests in cut for test in tests}
    tests = tuple(distinct.values())[: config.max_tests]
    why = None if len(tests) >= config.min_tests else "too few tests"
    return Tested(id=problem.id, tests=tests, readable=sum(map(bool, cut)), left_out=why)


def statistics(tested: Sequence[Tested], replies: int) -> dict[str, float]:
    """`readable`: the share of replies that hold a test; `distinct`: tests a problem."""
    kept = [each for each in tested if each.left_out is None]
    return {
        "kept": len(kept),
        "readable": sum(each.readable for each in tested) / max(1, len(tested) * replies),
        "distinct": fmean(len(each.tests) for each in kept) if kept else 0.0,
    }
