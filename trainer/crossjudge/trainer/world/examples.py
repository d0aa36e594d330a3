"""What the base models are trained on: specs, and what somebody who makes mistakes answers to them."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from random import Random

from .grammar import Task, assertion
from .problems import random_list
from .settings import Role, WorldSettings

Example = tuple[str, str]  # a rendered prompt and its reply


def prompt_template(role: Role) -> str:
    """The text that makes a prompt of a spec, for `coder` or `tester`."""
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
            reply = (_solution if each == "coder" else _test)(task, random, settings)
            yield render(templates[each], task.spec), reply


def _solution(task: Task, random: Random, settings: WorldSettings) -> str:
    return settings.coder_noise.mistake(task, random).code


def _test(task: Task, random: Random, settings: WorldSettings) -> str:
    xs = random_list(random, settings.shortest_list, settings.longest_list)
    return assertion(xs, settings.tester_noise.mistake(task, random).apply(xs))
