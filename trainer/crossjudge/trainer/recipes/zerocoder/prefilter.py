"""Which problems are worth training on: those whose passing matrix has enough behaviours in it (2604.07864).

The paper filters before training, by the matrix's rank; its threshold and how it samples are not published.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.selectors import structure
from crossjudge.trainer.training.cast import Cast
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import rollout_of
from crossjudge.trainer.training.run_folder import write_whole

from .config import PrefilterConfig, ZeroCoderConfig

RANKS = "prefilter.jsonl"
_SEED = 20_000_003


def prefiltered(
    problems: Sequence[TrainingProblem], config: ZeroCoderConfig, cast: Cast, judge: Judge, folder: Path
) -> list[TrainingProblem]:
    """Those of rank `min_rank` at least. The ranks are kept in `prefilter.jsonl`, a line each as they are found, so
    that a run that was stopped goes on here too. Raises `BadConfig` where no problem is left."""
    assert config.prefilter is not None
    path = folder / RANKS
    ranks = _known(path)
    chunks = [problems[at : at + config.prefilter.at_once] for at in range(0, len(problems), config.prefilter.at_once)]
    for number, chunk in enumerate(chunks):
        if all(problem.id in ranks for problem in chunk):
            continue
        ranks |= _ranks(chunk, number, config, cast, judge)
        write_whole(path, "".join(json.dumps({"id": name, "rank": rank}) + "\n" for name, rank in ranks.items()))
        judge.tell(f"pre-filter: {min(len(problems), (number + 1) * config.prefilter.at_once)} of {len(problems)}")
    return _left(problems, ranks, config.prefilter)


def _left(problems: Sequence[TrainingProblem], ranks: dict[str, int], config: PrefilterConfig) -> list[TrainingProblem]:
    left = [problem for problem in problems if ranks[problem.id] >= config.min_rank]
    if not left:
        highest = max(ranks.values(), default=0)
        raise BadConfig(
            f"prefilter.min_rank is {config.min_rank}, and no problem's matrix has more than {highest}: lower it, or "
            "sample more with coder.num_generations and tester.num_generations"
        )
    return left


def _ranks(
    chunk: Sequence[TrainingProblem], number: int, config: ZeroCoderConfig, cast: Cast, judge: Judge
) -> dict[str, int]:
    seeds = np.random.SeedSequence([config.seed, _SEED, number]).generate_state(2).tolist()
    coded, tested = cast.coder.replies(chunk, seeds[0]), cast.tester.replies(chunk, seeds[1])
    limit = config.tester.tests_per_reply
    rollouts = [rollout_of(p, code, test, limit) for p, code, test in zip(chunk, coded, tested, strict=True)]
    judged = judge.judge(rollouts, with_references=False)
    return {each.rollout.problem.id: int(structure(each.matrix).rank) for each in judged}


def _known(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    return {found["id"]: found["rank"] for found in map(json.loads, path.read_text("utf-8").splitlines())}
