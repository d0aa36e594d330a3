"""Mistakes: as many as stated, and in the hard world the majority."""

from random import Random

import pytest

from crossjudge.trainer.world.grammar import KINDS, Task, all_tasks
from crossjudge.trainer.world.noise import CODER_NOISE, TESTER_NOISE, Noise, is_hard

DRAWS = 20_000
TRAPPED = Task("last", "double", "least3", "all")
PLAIN = Task("sum", "square", "even", "rest")


def measured(noise: Noise, task: Task) -> dict[str, float]:
    """How often each component is mistaken."""
    random = Random(0)
    drawn = [noise.mistake(task, random) for _ in range(DRAWS)]
    return {kind: sum(getattr(each, kind) != getattr(task, kind) for each in drawn) / DRAWS for kind in KINDS}


@pytest.mark.parametrize("noise", [*CODER_NOISE.values(), *TESTER_NOISE.values()])
def test_components_are_mistaken_as_often_as_stated(noise: Noise) -> None:
    trapped = {**dict.fromkeys(KINDS, noise.trapped), "slice": noise.usual}
    assert measured(noise, TRAPPED) == pytest.approx(trapped, abs=0.012)
    assert measured(noise, PLAIN) == pytest.approx(dict.fromkeys(KINDS, noise.usual), abs=0.012)


def test_the_traps_touch_about_37_percent_of_the_tasks() -> None:
    tasks = list(all_tasks())
    assert sum(map(is_hard, tasks)) / len(tasks) == pytest.approx(0.37, abs=0.005)


def test_a_trap_makes_the_majority_wrong_in_the_hard_world_alone() -> None:
    for trapped in (Task("last", "same", "all", "all"), Task("sum", "double", "all", "all")):
        for world, right in (("easy", True), ("hard", False)):
            random = Random(0)
            kept = [CODER_NOISE[world].mistake(trapped, random) for _ in range(2_000)]
            assert (kept.count(trapped) > kept.count(_misread(trapped))) is right, (world, trapped)


def _misread(trapped: Task) -> Task:
    return trapped.mistaken("reducer" if trapped.reducer == "last" else "mapping")
