"""Stage 5, second half: every candidate on every test, through the verifier. A row of verdicts is its signature."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.selectors import PassingMatrix
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Replies, Rollout

from .artefacts import produced
from .chunks import chunked
from .records import Executed, Sampled, Tested

NUMBER, NAME = 6, "execution"
_UNKNOWN = Replies((), ())

Attempt = tuple[TrainingProblem, Sampled, Tested]
"""A problem with its candidates and its tests."""


def execute(folder: Path, judge: Judge, attempts: Sequence[Attempt], size: int) -> list[Executed]:
    """The cells of each attempt. Nothing in it is drawn at random."""

    def work(_number: int, some: Sequence[Attempt]) -> list[Executed]:
        rollouts = [
            Rollout(problem, _UNKNOWN, _UNKNOWN, tuple(one.source for one in sampled.solutions), tested.tests, ())
            for problem, sampled, tested in some
        ]
        return [_executed(each.matrix) for each in judge.judge(rollouts, with_references=False)]

    return produced(folder / f"{NUMBER}-{NAME}.jsonl", Executed, chunked(attempts, size), work)


def _executed(matrix: PassingMatrix) -> Executed:
    # Solutions and tests are distinct already, so that the matrix has the order of the attempt.
    return Executed(
        id=matrix.id,
        rows=tuple(row.tobytes().decode("ascii") for row in matrix.letters),
        sound=tuple(matrix.sound_tests.tolist()),
        outputs=None if matrix.outputs is None else tuple(tuple(row) for row in matrix.outputs.tolist()),
    )


def matrix_of(executed: Executed, sampled: Sampled) -> PassingMatrix:
    """What selectors look at: the cells, copies and log-probabilities."""
    log_probs = [one.log_prob for one in sampled.solutions]
    outputs = executed.outputs
    return PassingMatrix.of(
        executed.rows, id=executed.id, tests=len(executed.sound), sound_tests=executed.sound,
        solution_copies=[one.copies for one in sampled.solutions],
        log_probs=None if None in log_probs else [min(0.0, value) for value in log_probs if value is not None],
        outputs=None if outputs is None else [[None if n < 0 else str(n) for n in row] for row in outputs],
    )  # fmt: skip


def statistics(matrices: Sequence[PassingMatrix]) -> dict[str, float]:
    """`executed` is the share of cells that ended with a verdict on a check, `passed` the share that passed."""
    judged = sum(int(each.judged.sum()) for each in matrices)
    return {
        "cells": sum(each.letters.size for each in matrices),
        "unjudged": sum(int((~each.judged).sum()) for each in matrices),
        "executed": 1 - sum(int(each.broke.sum()) for each in matrices) / max(1, judged),
        "passed": sum(int((each.passed & each.judged).sum()) for each in matrices) / max(1, judged),
        "sound_tests": float(np.mean([each.sound_tests.mean() for each in matrices if each.sound_tests.size] or [0.0])),
    }
