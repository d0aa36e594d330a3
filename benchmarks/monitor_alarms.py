"""How often the selectors' monitor cries wolf, and how soon it tells that a rule has gone stale. Minutes, one core.

B4 with its fixed prior is in use; CodeT and DyB4 stand beside it. Ten labelled problems a step come from the simulated
regimes of a training. Prints three tables: a rule that is right by the toss of a coin which changes; alarms over a
training in which nothing changes; and steps from a sudden change to the first alarm of each kind.

    python benchmarks/monitor_alarms.py --steps 2000 --changes 40
"""

from collections import Counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossjudge.trainer.selectors import Labels, PassingMatrix, Selection, make_selector
from crossjudge.trainer.selectors.dyb4 import DyB4
from crossjudge.trainer.selectors.monitor import Alarm, Reason, SelectorMonitor
from crossjudge.trainer.study.labelled import Labelled, matrices
from crossjudge.trainer.study.worlds import REGIMES, World, draw

SETTLED = 30
"""Steps before a change."""
CHANGES = (("early", "mid"), ("early", "late"), ("mid", "late"), ("early", "collusive"), ("late", "collusive"))
FIXED = ("b4", "codet")


class Pool:
    """Problems of one regime, with what the fixed rules choose of them."""

    def __init__(self, world: World, size: int) -> None:
        self.problems = draw(world, size, seed=0)
        self.chosen = {name: make_selector(name).select(matrices(self.problems)) for name in FIXED}

    def some(self, count: int, chance: np.random.Generator) -> tuple[list[Labelled], dict[str, list[Selection]]]:
        which = chance.choice(len(self.problems), count, replace=False)
        return [self.problems[k] for k in which], {name: [self.chosen[name][k] for k in which] for name in FIXED}


class Watch:
    """One training, watched."""

    def __init__(self, in_use: str, labelled: int, seed: int) -> None:
        self.monitor = SelectorMonitor(in_use, [name for name in (*FIXED, "dyb4") if name != in_use])
        self.dyb4, self.labelled = DyB4(), labelled
        self.chance = np.random.default_rng([seed, 1])

    def step(self, pool: Pool) -> list[Alarm]:
        problems, chosen = pool.some(self.labelled, self.chance)
        given, labels = matrices(problems), [each.labels for each in problems]
        report = self.monitor.observe(given, labels, {**chosen, "dyb4": self.dyb4.select(given)})
        self.dyb4.observe(given, labels)
        self.report = report
        return report.alarms


def main(
    steps: Annotated[int, typer.Option(help="Of each training in which nothing changes.")] = 2000,
    changes: Annotated[int, typer.Option(help="How often each change is tried.")] = 40,
    labelled: Annotated[int, typer.Option(help="Labelled problems a step.")] = 10,
    pool: Annotated[int, typer.Option(help="Problems drawn of each regime.")] = 3000,
) -> None:
    console = Console()
    pools = {world.name: Pool(world, pool) for world in REGIMES}
    console.print(falls(steps, changes, labelled))
    console.print(quiet(pools, steps, labelled))
    console.print(delays(pools, changes, labelled))


def quiet(pools: dict[str, Pool], steps: int, labelled: int) -> Table:
    table = Table(title=f"Alarms in {steps:,} steps without a change, {labelled} labelled problems a step")
    for heading in ("regime", "in use", "right: " + ", ".join((*FIXED, "dyb4")), *Reason):
        table.add_column(heading)
    for name, pool in pools.items():
        for in_use in (*FIXED, "dyb4"):
            watch = Watch(in_use, labelled, seed=0)
            counts: Counter[str] = Counter()
            right = np.zeros(3)
            for _ in range(steps):
                counts.update(alarm.reason for alarm in watch.step(pool))
                right += [watch.report.rules[rule].accuracy.mean for rule in (*FIXED, "dyb4")]
            said = ", ".join(f"{share:.3f}" for share in right / steps)
            table.add_row(name, in_use, said, *(str(counts[reason]) for reason in Reason))
    return table


def delays(pools: dict[str, Pool], changes: int, labelled: int) -> Table:
    most = 100
    table = Table(title=f"Steps from a change to the first alarm: median (90 % quantile), share raised within {most}")
    for heading in ("from", "to", "in use", *Reason):
        table.add_column(heading)
    for before, after in CHANGES:
        for in_use in ("b4", "codet"):
            firsts: dict[str, list[int]] = {reason: [] for reason in Reason}
            for seed in range(changes):
                watch = Watch(in_use, labelled, seed)
                for _ in range(SETTLED):
                    watch.step(pools[before])
                raised: dict[str, int] = {}
                for number in range(1, most + 1):
                    for alarm in watch.step(pools[after]):
                        raised.setdefault(alarm.reason, number)
                for reason in raised:
                    firsts[reason].append(raised[reason])
            table.add_row(before, after, in_use, *(_said(firsts[reason], changes) for reason in Reason))
    return table


def falls(steps: int, changes: int, labelled: int) -> Table:
    """A rule that is right by chance alone, problem by problem, with a probability that falls at once."""
    table = Table(title=f"A rule whose chance to be right falls: alarms in {steps:,} steps before, delay after")
    for heading in ("right", "alarms before", "falls by 0.1", "by 0.2", "by 0.3"):
        table.add_column(heading)
    for share in (0.95, 0.8, 0.5):
        quiet_watch = Tossed(labelled, seed=0)
        before = sum(len(quiet_watch.step(share)) for _ in range(steps))
        row = [str(share), str(before)]
        for fall in (0.1, 0.2, 0.3):
            firsts = []
            for seed in range(changes):
                watch = Tossed(labelled, seed)
                for _ in range(SETTLED):
                    watch.step(share)
                firsts += [next((n for n in range(1, 101) if watch.step(share - fall)), 0)]
            row.append(_said([first for first in firsts if first], changes))
        table.add_row(*row)
    return table


class Tossed:
    """A monitor of a rule that chooses the first of two solutions, which is right by the toss of a coin."""

    def __init__(self, labelled: int, seed: int) -> None:
        self.monitor = SelectorMonitor("rule")
        self.matrices = [PassingMatrix.of(["P", "F"])] * labelled
        self.chosen = make_selector("codet").select(self.matrices)
        self.chance = np.random.default_rng([seed, 2])

    def step(self, share: float) -> list[Alarm]:
        tossed = self.chance.random(len(self.matrices)) < share
        labels = [Labels(np.array([right, not right])) for right in tossed]
        return self.monitor.observe(self.matrices, labels, {"rule": self.chosen}).alarms


def _said(steps: list[int], of: int) -> str:
    if not steps:
        return "-"
    return f"{np.median(steps):.0f} ({np.quantile(steps, 0.9):.0f}), {len(steps) / of:.0%}"


if __name__ == "__main__":
    typer.run(main)
