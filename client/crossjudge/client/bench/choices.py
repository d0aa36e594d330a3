"""What of the benchmark is wanted, checked before anything is started."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from crossjudge.client.errors import CommandError
from crossjudge.client.plot import check_can_draw

from .machine import cores
from .ways import WAYS
from .workloads import KINDS

STDOUT = Path("-")


@dataclass(frozen=True)
class Effort:
    """How much time goes into it. Latency takes as long as so many turns: idle, those of each way; then under load."""

    kinds: tuple[str, ...] = tuple(KINDS)
    rounds: int = 3
    seconds: float = 1.5
    idle_turns: int = 4
    loaded_turns: int = 16
    scaling_rounds: int = 3

    @classmethod
    def of(cls, *, quick: bool, full: bool, rounds: int | None, seconds: float | None) -> Self:
        """Raises `CommandError`."""
        if quick and full:
            raise CommandError("--quick and --full contradict each other: choose one")
        effort = cls()
        if quick:
            effort = cls(("literal", "tiny"), rounds=1, seconds=1.0, idle_turns=2, loaded_turns=8, scaling_rounds=0)
        if full:
            effort = cls(rounds=7, seconds=5.0, idle_turns=6, loaded_turns=24, scaling_rounds=7)
        return replace(effort, rounds=rounds or effort.rounds, seconds=seconds or effort.seconds)


@dataclass(frozen=True)
class Choices:
    """All that the options say."""

    effort: Effort
    ways: tuple[str, ...]
    must: bool
    """Whether the ways were named: then one that cannot be measured is an error."""
    workloads: tuple[str, ...]
    latency: bool
    scaling: bool
    workers: int
    data: Path | None
    code_judge: str | None
    sandboxfusion: str | None
    json_file: Path | None
    plot: Path | None

    @classmethod
    def of(
        cls, effort: Effort, *, ways: str | None, workloads: str | None, latency: bool, scaling: bool,
        workers: int | None, data: Path | None, code_judge: str | None, sandboxfusion: str | None,
        json_file: Path | None, plot: Path | None,
    ) -> Self:  # fmt: skip
        """Raises `CommandError`."""
        if data is not None and not data.is_dir():
            raise CommandError(f"--data: there is no folder {data}")
        if json_file is not None and json_file != STDOUT and not json_file.parent.is_dir():
            raise CommandError(f"--json: there is no folder {json_file.parent}")
        if json_file is not None and json_file.is_dir():
            raise CommandError(f"--json: {json_file} is a folder: name a file")
        if plot is not None:
            check_can_draw(plot)
        return cls(
            effort, _named("ways", ways, tuple(WAYS)) or tuple(WAYS), ways is not None,
            _named("workloads", workloads, tuple(KINDS)) or effort.kinds, latency,
            scaling and effort.scaling_rounds > 0, workers or cores(), data, code_judge, sandboxfusion, json_file, plot,
        )  # fmt: skip


def _named(option: str, given: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a list, in our order. Raises `CommandError` for one that there is not, and for a list of none."""
    if given is None:
        return ()
    names = {name.strip() for name in given.split(",") if name.strip()}
    if unknown := sorted(names - set(known)):
        raise CommandError(f"--{option}: there is no {unknown[0]!r}; there are {', '.join(known)}")
    if not names:
        raise CommandError(f"--{option}: none named; there are {', '.join(known)}")
    return tuple(name for name in known if name in names)
