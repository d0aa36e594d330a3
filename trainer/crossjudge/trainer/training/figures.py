"""What is said of judged rollouts: metrics that show a collapse, and the lines of `samples.jsonl`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.trainer.selectors import Selection, structure

from .judging import JudgedRollout


def matrix_metrics(judged: Sequence[JudgedRollout]) -> dict[str, float]:
    """The matrices and the tests in them."""
    cells = sum(each.judged.size for each in judged)
    tests = sum(len(each.rollout.owners) for each in judged)
    found = {"verifier/cells": float(cells), "tests/written": float(tests)}
    if tests:
        found["tests/unique_frac"] = sum(np.unique(_written(each, each.test_places)).size for each in judged) / tests
    with_tests = [each.matrix for each in judged if each.matrix.shape[1]]
    if with_tests:
        passed = [matrix.passed for matrix in with_tests]
        found["matrix/density"] = float(np.mean([each.mean() for each in passed]))
        found["matrix/rank"] = float(np.mean([structure(matrix).rank for matrix in with_tests]))
        columns = np.concatenate([each.mean(axis=0) for each in passed])
        found["tests/trivial_frac"] = float((columns == 1).mean())
        found["matrix/discriminative_frac"] = float(((columns > 0) & (columns < 1)).mean())
    valid = [_written(each, each.valid) for each in judged if each.valid is not None]
    if valid:
        found["tests/valid"] = float(np.concatenate(valid).mean())
    judged_cells = [each.judged for each in judged if each.judged.size]
    if judged_cells:
        found["verifier/infra_error_rate"] = 1 - float(np.mean([cells.mean() for cells in judged_cells]))
    return found


def _written(each: JudgedRollout, of_tests: NDArray[Any]) -> NDArray[Any]:
    """Of the tests that replies wrote, without those replayed."""
    return of_tests[: len(each.rollout.owners)]


def selector_metrics(judged: Sequence[JudgedRollout], selections: Sequence[Selection]) -> dict[str, float]:
    """How the selector fared; `selector/precision` where the references were judged."""
    used = [(each, s) for each, s in zip(judged, selections, strict=True) if s.abstain is None]
    found = {"selector/skip_rate": 1 - len(used) / max(1, len(judged))}
    if used:
        found["selector/margin"] = float(np.mean([s.margin for _, s in used]))
        found["selector/set_size"] = float(np.mean([s.solutions.mean() for _, s in used]))
    chosen = [each.truth[s.solutions] for each, s in used if each.truth is not None]
    if chosen:
        found["selector/precision"] = float(np.concatenate(chosen).mean())
    return found


def shown(each: JudgedRollout, selection: Selection) -> dict[str, Any]:
    """One problem of a step: its solutions and tests, their matrix, what was chosen."""
    rollout = each.rollout
    return {
        "id": rollout.problem.id,
        "solutions": list(rollout.solutions),
        "tests": [getattr(test, "code", None) for test in rollout.tests],
        "matrix": [row.tobytes().decode() for row in each.matrix.letters[each.solution_places][:, each.test_places]],
        "chosen": np.flatnonzero(selection.solutions).tolist(),
        "chosen_tests": np.flatnonzero(selection.tests).tolist(),
        "abstain": selection.abstain,
    }
