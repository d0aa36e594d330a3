"""The stages that ask models: what they ask, what becomes of the replies, and that each chunk has a seed of its own."""

from collections.abc import Sequence
from math import exp, log
from pathlib import Path

import pytest

from crossjudge.trainer.data import Template
from crossjudge.trainer.generation import Completion, Sampling
from crossjudge.trainer.recipes.ucoder.config import ProbingConfig, RatingConfig
from crossjudge.trainer.recipes.ucoder.probing import probe, statistics
from crossjudge.trainer.recipes.ucoder.rating import LikelihoodRater, PromptRater, Rater, rate
from crossjudge.trainer.recipes.ucoder.records import Probed, Rated
from crossjudge.trainer.recipes.ucoder.skeletons import synthesize
from crossjudge.trainer.training.rollout import Player


class Letters:
    """A tokenizer whose tokens are characters."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]


class Scripted:
    """A generator that gives the same replies to every prompt, and keeps what it was asked."""

    def __init__(self, *replies: str) -> None:
        self.replies = replies
        self.prompts: list[str] = []
        self.seeds: list[int] = []

    def generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int, first: int = 0
    ) -> list[list[Completion]]:
        self.prompts += ["".join(map(chr, prompt)) for prompt in prompts]
        self.seeds.append(seed)
        drawn = [
            Completion((1, 2), (log(0.5), log(0.5)), self.replies[at % len(self.replies)], False) for at in range(n)
        ]
        return [drawn for _ in prompts]


def player(generator: Scripted, n: int, template: str = "Q: {prompt}") -> Player:
    return Player(generator, Letters(), Template(template), Sampling(), n)


PROBLEMS = [Probed(id=str(at), prompt=f"problem number {at} of five", log_prob=log((at + 1) / 10)) for at in range(5)]


def rated_by(rater: Rater, config: RatingConfig, folder: Path) -> list[Rated]:
    return rate(folder, rater, PROBLEMS, config, seed=0, iteration=1, size=2)


def test_each_topic_is_asked_in_each_round_and_only_new_problems_stay(tmp_path: Path) -> None:
    model = Scripted(
        "sum up all numbers of a list", "Sum up all numbers of a list!", "no", "sort the words of a text by length"
    )
    config = ProbingConfig(topics=("lists", "texts"), rounds=2, num_generations=4, similarity=0.7)
    probed = probe(
        tmp_path, player(model, 4), config, seed=0, iteration=3, taken=["sort the words of a text by length"]
    )
    assert model.prompts == ["Q: lists", "Q: texts"] * 2
    assert len(set(model.seeds)) == 4
    assert [each.prompt for each in probed if each.left_out is None] == ["sum up all numbers of a list"]
    assert {each.left_out for each in probed} == {None, "a near duplicate", "too short for a problem"}
    assert probed[0].log_prob == pytest.approx(log(0.5))
    assert statistics(probed)["kept"] == 1


def test_a_model_that_can_rate_is_asked(tmp_path: Path) -> None:
    model = Scripted("Quality: 9\nDifficulty: 2\nCategory: lists", "Quality: 5")
    rated = rated_by(PromptRater(player(model, 2)), RatingConfig(min_quality=0.7), tmp_path)
    assert model.prompts[0] == "Q: problem number 0 of five"
    assert [(each.quality, each.difficulty, each.category) for each in rated] == [(0.7, 0.2, "lists")] * 5


def test_one_that_cannot_gives_its_likelihoods_and_its_doubts(tmp_path: Path) -> None:
    rater = LikelihoodRater(player(Scripted("one", "other", "one", "third"), 4), words=2)
    rated = rated_by(rater, RatingConfig(min_quality=0.0, keep=0.6), tmp_path)
    assert [each.quality for each in rated] == pytest.approx([exp(each.log_prob or 0) for each in PROBLEMS])
    assert {(each.difficulty, each.category) for each in rated} == {(0.5, "problem number")}
    assert [each.left_out is None for each in rated] == [False, False, True, True, True]


def test_a_chunk_has_its_problems_and_a_seed_of_its_own(tmp_path: Path) -> None:
    model = Scripted("def f(x): return x")
    made = synthesize(tmp_path, player(model, 1), PROBLEMS, seed=0, iteration=1, size=2)
    assert [each.id for each in made] == ["0", "1", "2", "3", "4"]
    assert len(model.prompts) == 5
    assert len(set(model.seeds)) == len(model.seeds) == 3
