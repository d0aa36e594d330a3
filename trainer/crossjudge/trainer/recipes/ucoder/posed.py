"""Problems as the later stages ask them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.training.rollout import Player

from .errors import NothingLeft
from .records import Probed, Record, Skeleton

R = TypeVar("R", bound=Record)
Problems = Mapping[str, TrainingProblem]
"""By id."""


def posed(probed: Sequence[Probed], skeletons: Sequence[Skeleton], in_prompt: bool) -> list[TrainingProblem]:
    """Those that have a skeleton, whose text stands behind the problem's where prompts are to show it."""
    texts = {each.id: each.prompt for each in probed}
    return [
        TrainingProblem(
            id=each.id,
            prompt=f"{texts[each.id]}\n\n{each.code}" if in_prompt else texts[each.id],
            entry_point=each.entry_point,
        )
        for each in skeletons
    ]


def asked_as(probed: Probed) -> TrainingProblem:
    """The problem as it stands, for the stages before it has a skeleton."""
    return TrainingProblem(id=probed.id, prompt=probed.prompt, entry_point=probed.entry_point)


def check_room(fitting: int, count: int) -> None:
    """Raises `NothingLeft` where not one of the problems fits."""
    if count and not fitting:
        raise NothingLeft(
            f"each of {count} problems is too long to be asked with a reply behind it: lower max_completion_length, "
            "or name models with longer contexts"
        )


def fits(problem: TrainingProblem, players: Iterable[Player]) -> bool:
    """Whether each can be asked it. What a model thinks of may be longer than another's context."""
    return all(
        player.context_length is None
        or len(player.prompt_ids(problem)) + player.sampling.max_completion_length <= player.context_length
        for player in players
    )


def kept(records: Sequence[R], stage: str) -> list[R]:
    """Those that go further. Raises `NothingLeft`, with the most frequent reason, where none does."""
    found = [each for each in records if each.left_out is None]
    if not found:
        reasons = [each.left_out for each in records if each.left_out is not None]
        why = max(set(reasons), key=reasons.count) if reasons else "there was none"
        raise NothingLeft(f"{stage} left no problem, of {len(records)} most because: {why}")
    return found
