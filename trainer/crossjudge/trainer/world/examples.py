"""What the base models are trained on: specs, and what somebody who makes mistakes answers to them. One learns to write
the specs themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from .grammar import Task, assertion_up_to_its_value
from .problems import random_list
from .settings import Role, WorldSettings


@dataclass(frozen=True)
class Example:
    """A prompt and its reply, which begins with what is drawn at random and could not have been known."""

    prompt: str
    drawn: str
    answer: str


def prompt_template(role: Role) -> str:
    """The text that makes a prompt of a spec, for `coder` or `tester`.

    That of `problems` holds no spec: what ends one text begins the next, as GPT-2 has it.
    """
    return (files(__package__) / "prompts" / f"{role}.txt").read_text("utf-8")


def render(template: str, spec: str) -> str:
    return template.replace("{prompt}", spec).replace("{entry_point}", "f")


def examples(role: Role, tasks: Sequence[Task], settings: WorldSettings) -> Iterator[Example]:
    """Examples without end, the same ones for the same settings. `shared` takes turns at both roles."""
    random = Random(f"pretraining/{role}/{settings.seed}")
    roles: tuple[Role, ...] = ("coder", "tester") if role == "shared" else (role,)
    templates = {each: prompt_template(each) for each in roles}
    while True:
        for each in roles:
            task = random.choice(tasks)
            drawn, answer = _ANSWERS[each](task, random, settings)
            yield Example(render(templates[each], task.spec), drawn, answer)


def _solution(task: Task, random: Random, settings: WorldSettings) -> tuple[str, str]:
    return "", settings.coder_noise.mistake(task, random).code


def _test(task: Task, random: Random, settings: WorldSettings) -> tuple[str, str]:
    xs = random_list(random, settings.shortest_list, settings.longest_list)
    return assertion_up_to_its_value(xs), str(settings.tester_noise.mistake(task, random).apply(xs))


def _spec(task: Task, random: Random, settings: WorldSettings) -> tuple[str, str]:
    return "", task.spec


_ANSWERS: Mapping[Role, Callable[[Task, Random, WorldSettings], tuple[str, str]]] = {
    "coder": _solution, "tester": _test, "problems": _spec,
}  # fmt: skip
