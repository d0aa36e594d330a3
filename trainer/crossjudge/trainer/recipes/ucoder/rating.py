"""Stage 2, the quality oracle: which problems are worth solving, how hard they are, what they are about.

A model that can is asked (`PromptRater`). One that only writes what it was trained on rates by what it can give
(`LikelihoodRater`, ours): how likely it finds the text, and how much its solutions differ.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from statistics import fmean
from typing import Protocol

from crossjudge.trainer.training.rollout import Player

from .artefacts import produced
from .chunks import chunked
from .config import RatingConfig
from .near_duplicates import entropy, words_of
from .posed import asked_as
from .randomness import seed_of
from .records import Probed, Rated

NUMBER, NAME = 2, "rating"
LONGEST_REASON = 300
_FIELD = re.compile(r"^[\s#*_]*(quality|difficulty|category|reason)[\s*_]*:[\s*_]*(.*)$", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Rater(Protocol):
    """Says of problems how good, how hard and of what kind they are."""

    def rate(self, problems: Sequence[Probed], seed: int) -> list[Rated]:
        """One rating for each, in their order."""
        ...


@dataclass(frozen=True)
class PromptRater:
    """Asks for `Quality: 0 to 10`, `Difficulty: 0 to 10`, `Category:` and `Reason:`; several replies are averaged."""

    player: Player

    def rate(self, problems: Sequence[Probed], seed: int) -> list[Rated]:
        asked = [asked_as(each) for each in problems]
        replies = self.player.replies(asked, seed)
        return [
            rating_of(each.id, [one.text for one in of_one.completions])
            for each, of_one in zip(problems, replies, strict=True)
        ]


def rating_of(id: str, replies: Sequence[str]) -> Rated:
    """The mean of what can be read in the replies. Unreadable ones count nowhere."""
    read = [{name.lower(): text.strip() for name, text in _FIELD.findall(reply)} for reply in replies]
    qualities = [value for each in read if (value := _share(each.get("quality", ""))) is not None]
    difficulties = [value for each in read if (value := _share(each.get("difficulty", ""))) is not None]
    categories = Counter(name for each in read if (name := each.get("category", "").lower()[:60]))
    return Rated(
        id=id,
        quality=fmean(qualities) if qualities else None,
        difficulty=fmean(difficulties) if difficulties else None,
        category=categories.most_common(1)[0][0] if categories else "",
        reason=next((text for each in read if (text := each.get("reason", ""))), "")[:LONGEST_REASON],
    )


def _share(text: str) -> float | None:
    found = _NUMBER.search(text)
    value = float(found[0]) / 10 if found else None
    return value if value is not None and value <= 1 else None


@dataclass(frozen=True)
class LikelihoodRater:
    """quality = exp(mean log-probability of a token) under the model that wrote the problem; difficulty = the share of
    `player`'s replies that are not its most frequent one; category = the problem's first `words` words."""

    player: Player
    words: int

    def rate(self, problems: Sequence[Probed], seed: int) -> list[Rated]:
        asked = [asked_as(each) for each in problems]
        replies = self.player.replies(asked, seed)
        return [
            Rated(
                id=each.id,
                quality=None if each.log_prob is None else exp(each.log_prob),
                difficulty=_disagreement([one.text for one in given.completions]),
                category=" ".join(words_of(each.prompt)[: self.words]),
            )
            for each, given in zip(problems, replies, strict=True)
        ]  # fmt: skip


def _disagreement(replies: Sequence[str]) -> float:
    [(_, count)] = Counter(replies).most_common(1)
    return 1 - count / len(replies)


def rate(
    folder: Path, rater: Rater, problems: Sequence[Probed], config: RatingConfig, seed: int, iteration: int, size: int
) -> list[Rated]:
    """A rating of each problem; left out are those below `min_quality` or outside the best share `keep`."""
    return produced(
        folder / f"{NUMBER}-{NAME}.jsonl", Rated, chunked(problems, size),
        lambda number, some: rater.rate(some, seed_of(seed, iteration, NUMBER, number)),
        lambda rated: cut(rated, config),
    )  # fmt: skip


def cut(rated: Sequence[Rated], config: RatingConfig) -> list[Rated]:
    """The same ratings, those marked that are too low. Equal ones are cut from the end of the list."""
    order = sorted(range(len(rated)), key=lambda at: -(rated[at].quality or 0.0))
    best = set(order[: round(config.keep * len(rated))])
    return [each.model_copy(update={"left_out": _why(each, at in best, config)}) for at, each in enumerate(rated)]


def _why(rated: Rated, is_among_best: bool, config: RatingConfig) -> str | None:
    if rated.quality is None:
        return "no quality could be read"
    if rated.quality < config.min_quality:
        return "its quality is too low"
    return None if is_among_best else "others are better"


def statistics(rated: Sequence[Rated]) -> dict[str, float]:
    """Means over the problems kept; `categories` is the entropy of theirs in bits."""
    kept = [each for each in rated if each.left_out is None]
    qualities = [each.quality for each in kept if each.quality is not None]
    difficulties = [each.difficulty for each in kept if each.difficulty is not None]
    found = {"kept": float(len(kept)), "categories": entropy(each.category for each in kept)}
    if qualities:
        found["quality"] = fmean(qualities)
    if difficulties:
        found["difficulty"] = fmean(difficulties)
    return found
