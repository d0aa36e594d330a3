"""What is said of duels: metrics, and the lines of `samples.jsonl`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.trainer.training.figures import matrix_metrics, selector_metrics

from .judging import JudgedDuel

Floats = NDArray[np.float64]


def duel_metrics(judged: Sequence[JudgedDuel]) -> dict[str, float]:
    """The solutions, and the tests against them.

    `tests/correctable` is the share whose call the reference evaluates, `tests/valid` that of those stated right;
    `tests/failed` the share of valid tests that their solution fails. Without labels, what the consensus says of
    tests is `tests/agreed`, and `tests/valid` what the references say, where they are judged (`diagnose`).
    """
    known = [became for each in judged for became in each.became if became.is_known]
    told = [each for each in judged if each.reference is not None]  # of the others nothing was asked
    replies = [reply for each in told for of_one in each.replies for reply in of_one]
    valid = [reply.reply.valid for reply in replies]
    unlabelled = any(each.choice is not None for each in judged)
    scored = [*valid, *(book for each in judged for book in each.book)]
    found = {
        "coder/runs": _mean([runs for each in judged for runs in each.runs]),
        "tests/written": float(sum(len(each.became) for each in judged)),
        "tests/correctable": _mean([became.test is not None for became in known]),
        "tests/agreed" if unlabelled else "tests/valid": _mean([became.is_right for became in known]),
        "tests/failed": _mean([not passed for each in valid for passed in each.passed[each.judged]]),
        "tests/invalid_per_reply": _mean([reply.reply.invalid for reply in replies]),
        "tests/unique_frac": _mean([len(set(tests)) / len(tests) for tests in map(_tests, told) if tests]),
        "verifier/cells": float(sum(cells.passed.size for cells in scored)),
        "verifier/infra_error_rate": _mean([not known for cells in scored for known in cells.judged]),
    }
    choices = [each.choice for each in judged if each.choice is not None]
    if choices:
        rollouts, selections = [choice.judged for choice in choices], [choice.selection for choice in choices]
        found = {**matrix_metrics(rollouts), **found, **selector_metrics(rollouts, selections)}
    return {name: value for name, value in found.items() if not np.isnan(value)}


def shown(each: JudgedDuel, coder: Floats, tester: Sequence[Floats]) -> dict[str, Any]:
    """One problem of a step: solutions, tests and their sparse matrix, the first tests being replayed ones; of each
    solution its reward and the replies against it, whose tests are columns; what was chosen where there is a choice."""
    columns = {text: at for at, text in enumerate(each.tests)}
    found: dict[str, Any] = {
        "id": each.duel.problem.id,
        "solutions": list(each.duel.solutions),
        "tests": list(each.tests),
        "matrix": list(each.letters),
        "replayed": len(each.duel.replayed),
        "reference": each.reference,
        "rewards": [_number(value) for value in coder],
        "replies": [
            [
                {"tests": [columns[text] for text in reply.tests if text in columns], "invalid": reply.reply.invalid,
                 "reward": _number(value)}
                for reply, value in zip(replies, values, strict=True)
            ]
            for replies, values in zip(each.replies, tester, strict=True)
        ],
    }  # fmt: skip
    if each.choice is not None:
        selection = each.choice.selection
        found |= {"chosen": np.flatnonzero(selection.solutions).tolist(), "abstain": selection.abstain}
    return found


def _tests(each: JudgedDuel) -> list[str]:
    return [text for of_one in each.replies for reply in of_one for text in reply.tests]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
