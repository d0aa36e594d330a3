"""Stage 6, first half: r* of each problem by (e, s, f), or by another rule; none where it abstains."""

from collections.abc import Sequence
from math import exp
from pathlib import Path
from statistics import fmean

import numpy as np

from crossjudge.trainer.selectors import PassingMatrix, Selection, Selector
from crossjudge.trainer.selectors.ucoder import UCoder
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Replies, Rollout

from .artefacts import produced
from .execution import Attempt
from .posed import Problems
from .records import Selected

NUMBER, NAME = 7, "selection"
_UNKNOWN = Replies((), ())


def select(
    folder: Path, rule: Selector, attempts: Sequence[Attempt], matrices: Sequence[PassingMatrix]
) -> list[Selected]:
    """One solution of each problem; of several that a rule leaves the likeliest, of equally likely ones the first."""

    def work(_number: int, all_of_them: Sequence[Attempt]) -> list[Selected]:
        chosen, crowds = rule.select(matrices), UCoder().select(matrices)
        return [_selected(*each) for each in zip(all_of_them, matrices, chosen, crowds, strict=True)]

    return produced(folder / f"{NUMBER}-{NAME}.jsonl", Selected, [attempts], work)


def _selected(attempt: Attempt, matrix: PassingMatrix, selection: Selection, crowd: Selection) -> Selected:
    problem, sampled, _ = attempt
    if selection.abstain is not None:
        return Selected(id=problem.id, left_out=selection.abstain, agreement=_agreement(crowd))
    candidates = np.flatnonzero(selection.solutions)
    fluency = np.zeros(matrix.shape[0]) if matrix.log_probs is None else matrix.log_probs
    best = int(candidates[np.argmax(fluency[candidates])])
    same = (matrix.passed == matrix.passed[best]).all(axis=1)
    return Selected(
        id=problem.id,
        prompt=problem.prompt,
        entry_point=problem.entry_point or "",
        solution=sampled.solutions[best].source,
        reply=sampled.solutions[best].reply,
        executed=float(UCoder().executed(matrix)[best]),
        members=int(matrix.solution_copies[same].sum()),
        perplexity=None if matrix.log_probs is None else exp(-matrix.log_probs[best]),
        agreement=_agreement(crowd),
    )  # fmt: skip


def _agreement(crowd: Selection) -> float:
    """The share of samples in the largest cluster; 0 where there is none that may be chosen."""
    return 0.0 if crowd.abstain else float(np.nanmax(crowd.solution_scores))


def statistics(selected: Sequence[Selected]) -> dict[str, float]:
    """Means over the problems with an r*. `agreement`, over all problems, is what can be told of the model that sampled
    without any label: how much it agrees with itself on problems that it has not learned from."""
    kept = [each for each in selected if each.left_out is None]
    found = {"kept": float(len(kept)), "left_out": 1 - len(kept) / max(1, len(selected))}
    if selected:
        found["agreement"] = fmean(each.agreement for each in selected)
    if kept:
        found |= {"executed": fmean(each.executed for each in kept), "members": fmean(each.members for each in kept)}
    perplexities = [each.perplexity for each in kept if each.perplexity is not None]
    if perplexities:
        found["perplexity"] = fmean(perplexities)
    return found


def precision(selected: Sequence[Selected], judge: Judge, references: Problems) -> dict[str, float]:
    """For the log alone: how many r* are right, of the problems with references. Nothing where none has."""
    known = [each for each in selected if each.left_out is None and each.id in references]
    rollouts = [Rollout(references[each.id], _UNKNOWN, _UNKNOWN, (each.solution,), (), ()) for each in known]
    truths = [each.truth for each in judge.judge(rollouts, with_references=True)]
    right = [bool(truth[0]) for truth in truths if truth is not None]
    return {"precision": fmean(right), "precision_of": len(right)} if right else {}
