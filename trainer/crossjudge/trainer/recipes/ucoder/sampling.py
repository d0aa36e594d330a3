"""Stage 5, first half, solution space probing: dense samples of each problem, equal ones folded into one."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from crossjudge.trainer.data import TrainingProblem, solution_of
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.training.rollout import Player

from .artefacts import produced
from .chunks import chunked
from .probing import mean_log_prob
from .randomness import seed_of
from .records import Candidate, Sampled

NUMBER, NAME = 5, "sampling"


def sample(
    folder: Path, player: Player, problems: Sequence[TrainingProblem], seed: int, iteration: int, size: int
) -> list[Sampled]:
    """Candidates of each problem; left out is one without any."""

    def work(number: int, some: Sequence[TrainingProblem]) -> list[Sampled]:
        replies = player.replies(some, seed_of(seed, iteration, NUMBER, number))
        return [candidates_of(each, given.completions) for each, given in zip(some, replies, strict=True)]

    return produced(folder / f"{NUMBER}-{NAME}.jsonl", Sampled, chunked(problems, size), work)


def candidates_of(problem: TrainingProblem, replies: Sequence[Completion]) -> Sampled:
    """Distinct solutions in the order in which they were first written."""
    whole = [reply for reply in replies if not reply.is_truncated]
    found: dict[str, Candidate] = {}
    for reply in whole:
        source = solution_of(reply.text, problem.entry_point, prompt=problem.prompt)
        if source:
            found[source] = _joined(found.get(source), source, reply)
    why = None if found else "no reply holds a solution"
    return Sampled(
        id=problem.id, solutions=tuple(found.values()), truncated=len(replies) - len(whole), left_out=why
    )  # fmt: skip


def _joined(before: Candidate | None, source: str, reply: Completion) -> Candidate:
    """One more reply with this solution. It is taught in the words of the likeliest one."""
    log_prob = mean_log_prob(reply)
    if before is None:
        return Candidate(source=source, reply=reply.text, copies=1, log_prob=log_prob)
    if log_prob is not None and before.log_prob is not None and log_prob > before.log_prob:
        return Candidate(source=source, reply=reply.text, copies=before.copies + 1, log_prob=log_prob)
    return before.model_copy(update={"copies": before.copies + 1})


def statistics(sampled: Sequence[Sampled]) -> dict[str, float]:
    kept = [each for each in sampled if each.left_out is None]
    samples = [sum(one.copies for one in each.solutions) for each in kept]
    return {
        "kept": len(kept),
        "samples": sum(samples),
        "distinct": fmean(len(each.solutions) for each in kept) if kept else 0.0,
        "truncated": sum(each.truncated for each in sampled),
    }
