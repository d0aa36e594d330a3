"""What a run of `verify` came to: counted as results come, shown as a table or given as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossjudge.contracts import ProblemResult, Verdict

from .palette import NAMES, STYLES


@dataclass
class Summary:
    """Counts of all results, those of earlier runs included; times and rates are of this run alone."""

    problems: int = 0
    resumed: int = 0
    nothing_to_judge: int = 0
    solutions: int = 0
    cells: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    executed: int = 0
    cached: int = 0
    judged: int = 0
    wall_seconds: float = 0.0
    results: str = ""
    plots: list[str] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def add(self, result: ProblemResult, *, resumed: bool = False) -> None:
        letters = "".join(result.matrix)
        self.problems += 1
        self.resumed += resumed
        self.nothing_to_judge += not letters
        self.solutions += len(result.solutions)
        self.cells += len(letters)
        self.judged += 0 if resumed else len(letters)
        self.verdicts.update(letters)

    @property
    def cells_per_second(self) -> float:
        return self.judged / self.wall_seconds if self.wall_seconds > 0 else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "problems": self.problems,
            "resumed": self.resumed,
            "nothing_to_judge": self.nothing_to_judge,
            "solutions": self.solutions,
            "cells": self.cells,
            "verdicts": {verdict.value: self.verdicts[verdict.value] for verdict in Verdict},
            "judged": self.judged,
            "executed": self.executed,
            "cached": self.cached,
            "wall_seconds": round(self.wall_seconds, 3),
            "cells_per_second": round(self.cells_per_second, 1),
            "results": self.results,
            "plots": self.plots,
            "refused": self.refused,
        }

    def show(self, console: Console) -> None:
        console.print(Group(self._verdict_table(), *self._lines()))

    def _verdict_table(self) -> Table:
        table = Table(title="Verdicts", title_justify="left", show_edge=False)
        for heading in ("", "verdict"):
            table.add_column(heading)
        for heading in ("cells", "%"):
            table.add_column(heading, justify="right")
        for verdict in Verdict:
            if count := self.verdicts[verdict.value]:
                share = f"{100 * count / self.cells:.1f}"
                table.add_row(Text(f" {verdict} ", STYLES[verdict]), NAMES[verdict], f"{count:,}", share)
        table.add_section()
        table.add_row("", "all", f"{self.cells:,}", "100.0" if self.cells else "")
        return table

    def _lines(self) -> list[RenderableType]:
        lines = [f"\n{many(self.problems, 'problem')}, {many(self.solutions, 'solution')}"]
        if self.resumed:
            lines[0] += f"; {self.resumed:,} were judged earlier"
        if self.nothing_to_judge:
            lines.append(f"{many(self.nothing_to_judge, 'problem')} with no solutions or no tests: nothing to judge")
        rate = f"{self.judged:,} cells in {self.wall_seconds:,.1f} s, {self.cells_per_second:,.0f} cells/s"
        lines.append(f"{rate} ({self.executed:,} executed, {self.cached:,} taken from equal cells)")
        lines += [f"picture: {plot}" for plot in self.plots]
        lines.append(f"results: {self.results}")
        texts: list[RenderableType] = [Text(line) for line in lines]
        if unjudged := self.verdicts[Verdict.NOT_JUDGED.value]:
            warning = (
                f"{many(unjudged, 'cell')} could not be judged (X), through no fault of the programs: leave them out"
            )
            texts.append(Text(f"{warning} of any count; the workers' logs say why.", style="bold"))
        return texts


def many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
