"""What the base models are trained on: specs, and what somebody who makes mistakes answers to them. One learns to write
the specs themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from .grammar import Task, assertion_up_to_its_value
from .problems import random_list
from .settings import PLAYS, Part, Role, WorldSettings


@dataclass(frozen=True)
class Example:
    """A prompt and its reply, which begins with what is drawn at random and could not have been known."""

    prompt: str
    drawn: str
    answer: str


def prompt_template(part: Part) -> str:
    """The text that makes a prompt of a spec, and for a white-box tester of a solution too.

    That of `problems` holds no spec: what ends one text begins the next, as GPT-2 has it.
    """
    return (files(__package__) / "prompts" / f"{part}.txt").read_text("utf-8")


def render(template: str, spec: str, code: str = "") -> str:
    return template.replace("{prompt}", spec).replace("{entry_point}", "f").replace("{code}", code)


def examples(role: Role, tasks: Sequence[Task], settings: WorldSettings) -> Iterator[Example]:
    """Examples without end, the same ones for the same settings. A role of two parts takes turns at them."""
    random = Random(f"pretraining/{role}/{settings.seed}")
    templates = {part: prompt_template(part) for part in PLAYS[role]}
    while True:
        for part, template in templates.items():
            task = random.choice(tasks)
            prompt = render(template, task.spec, shown_code(part, task, random, settings))
            yield Example(prompt, *_ANSWERS[part](task, random, settings))


def shown_code(part: Part, task: Task, random: Random, settings: WorldSettings) -> str:
    """What a white-box tester is shown: a solution as the coder writes them. Other parts are shown none."""
    return settings.coder_noise.mistake(task, random).code if part == "white_box_tester" else ""


def _solution(task: Task, random: Random, settings: WorldSettings) -> tuple[str, str]:
    return "", settings.coder_noise.mistake(task, random).code


def _test(task: Task, random: Random, settings: WorldSettings) -> tuple[str, str]:
    xs = random_list(random, settings.shortest_list, settings.longest_list)
    return assertion_up_to_its_value(xs), str(settings.tester_noise.mistake(task, random).apply(xs))


def _spec(task: Task, random: Random, settings: WorldSettings) -> tuple[str, str]:
    return "", task.spec


_ANSWERS: Mapping[Part, Callable[[Task, Random, WorldSettings], tuple[str, str]]] = {
    "coder": _solution, "tester": _test, "white_box_tester": _test, "problems": _spec,
}  # fmt: skip
