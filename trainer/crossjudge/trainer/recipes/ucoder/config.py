"""The configuration of UCoder: a section a stage. Numbers are the paper's where it has them, else ours; see
docs/ucoder.md."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from crossjudge.trainer.training.config import Named, Part, PlayedConfig, RecipeConfig

from .topics import TOPICS


class ProbingConfig(PlayedConfig):
    """Problems of one iteration: `rounds` × topics × `num_generations` replies, of which `max_problems` are kept."""

    prompt: str = "ucoder_problems"
    num_generations: int = Field(16, ge=1, description="problems asked for about each topic in a round")
    rounds: int = Field(1, ge=1)
    topics: tuple[str, ...] = Field(TOPICS, min_length=1)
    max_problems: int = Field(1000, ge=1)
    similarity: float = Field(0.8, gt=0, le=1, description="Jaccard index from which on problems are near duplicates")


class RatingConfig(PlayedConfig):
    """`prompt` asks a model; `likelihood` rates by how likely the problem is, and needs no model that can rate."""

    kind: Literal["prompt", "likelihood"] = "prompt"
    prompt: str = "ucoder_rating"
    min_quality: float = Field(0.7, ge=0, le=1)
    keep: float = Field(1.0, gt=0, le=1, description="the best share that is kept")
    category_words: int = Field(4, ge=1, description="of a problem's beginning, with kind likelihood")


class SkeletonsConfig(PlayedConfig):
    prompt: str = "ucoder_skeleton"
    in_prompt: bool = Field(True, description="whether the skeleton stands behind the problem in later prompts")


class TestsConfig(PlayedConfig):
    prompt: str = "ucoder_tests"
    num_generations: int = Field(10, ge=1)
    tests_per_reply: int = Field(20, ge=1)
    max_tests: int = Field(100, ge=1)
    min_tests: int = Field(5, ge=1, description="a problem with fewer distinct ones is left out")


class SamplingConfig(PlayedConfig):
    prompt: str = "ucoder_solution"
    num_generations: int = Field(128, ge=2)


class SelectionConfig(Named):
    """`consensus` is the paper's, with `min_executed`, `min_members` and `pass_something` as options; its ablation has
    `random`, `output_hash`, `low_perplexity` and `success_rate`. Any selector by its name will do."""

    name: str = "consensus"


class ConsolidationConfig(Part):
    """Supervised fine-tuning. A step is on `per_device_train_batch_size` × `gradient_accumulation_steps` examples."""

    num_train_epochs: int = Field(3, ge=1)
    learning_rate: float = Field(5e-6, ge=0)
    lr_scheduler_type: Literal["constant", "linear", "cosine"] = "cosine"
    warmup_steps: int = Field(0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    adam_beta1: float = Field(0.9, ge=0, lt=1)
    adam_beta2: float = Field(0.999, ge=0, lt=1)
    max_grad_norm: float = Field(1.0, gt=0)
    per_device_train_batch_size: int = Field(8, ge=1)
    gradient_accumulation_steps: int = Field(16, ge=1)


class StopConfig(Part):
    """Stop where `metric` has not risen by `min_gain` above its best for `patience` iterations in a row.

    `selection/agreement` needs no labels: it is how much the model that entered an iteration agrees with itself on new
    problems. `eval/pass@1` is what a few labelled problems say.
    """

    metric: str | None = "selection/agreement"
    patience: int = Field(1, ge=1)
    min_gain: float = Field(0.0, ge=0)


class UCoderConfig(RecipeConfig):
    """UCoder (2512.17385). `model` is the one that learns; it plays each stage whose section names no other."""

    iterations: int = Field(6, ge=1)
    chunk_problems: int = Field(32, ge=1, description="problems a stage works on between two notes of how far it is")
    probing: ProbingConfig = ProbingConfig()
    rating: RatingConfig = RatingConfig()
    skeletons: SkeletonsConfig = SkeletonsConfig()
    tests: TestsConfig = TestsConfig()
    sampling: SamplingConfig = SamplingConfig()
    selection: SelectionConfig = SelectionConfig()
    consolidation: ConsolidationConfig = ConsolidationConfig()
    stop: StopConfig = StopConfig()
    references: Path | None = Field(
        None, description="problems whose references are judged for the log alone, where one is thought of again"
    )


Config = UCoderConfig
