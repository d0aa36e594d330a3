"""What came of a run, in a few figures and sentences."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .arms import Arm
from .history import History
from .summary import PRECISION, SKIPPED, TITLES, Course, Point, course, mean_of, total_of
from .text import percent

_SURE = 2.0  # standard errors
_LITTLE = 0.5
"""Of its first value: a kill rate that has fallen below is called a collapse."""
_INFRASTRUCTURE = "verifier/infra_error_rate"


@dataclass(frozen=True)
class Tile:
    """One figure with what it is, and a word on it."""

    title: str
    figure: str
    remark: str = ""
    is_alarm: bool = False


def tiles(arm: Arm) -> Iterator[Tile]:
    """The figures at the top of a run's page."""
    run = arm.runs[0]
    for metric, title in TITLES.items():
        found = course(arm, metric)
        if found is not None:
            yield Tile(title, f"{found.first.value:.3f} → {found.last.value:.3f}", _remark(found))
    precision, skipped = mean_of(arm, PRECISION), mean_of(arm, SKIPPED)
    if precision is not None:
        remark = "" if skipped is None else f"{percent(skipped.value)} of problems skipped"
        yield Tile("precision of the choice", f"{precision.value:.3f}", remark or "mean over the steps")
    planned = run.config.get("max_steps")
    yield Tile("steps", f"{run.last_step:,}", f"of {planned:,}" if isinstance(planned, int) else "")
    seconds = total_of(arm, "time/step")
    if seconds is not None:
        yield Tile("time", duration(seconds), "in steps, without evaluations")
    cells = total_of(arm, "verifier/cells")
    if cells is not None:
        verifying = total_of(arm, "time/verify")
        yield Tile("cells judged", f"{cells:,.0f}", f"{cells / verifying:,.0f} a second" if verifying else "")
    yield Tile("alarms", str(len(run.alarms)), _alarm_remark(run), bool(run.alarms))


def _remark(found: Course) -> str:
    error = "" if found.last.error is None else f"± {found.last.error:.3f}; "
    return f"{error}best {found.best.value:.3f} at step {found.best.step}"


def _alarm_remark(run: History) -> str:
    return f"the first at step {run.alarms[0].step}" if run.alarms else ""


def duration(seconds: float) -> str:
    """`12.3 s`, `4 min 10 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def sentences(arm: Arm) -> Iterator[str]:
    """What the figures say, and no more than they say."""
    yield from _state(arm.runs[0])
    solutions = course(arm, "eval/pass@1")
    if solutions is None:
        yield "Nothing was measured on held-out problems, so how good the pair has become is not known."
    else:
        yield _told("pass@1 on held-out problems", solutions)
        yield from _lost(solutions)
    yield from _variety(course(arm, "eval/pass@4"))
    yield from _tests(course(arm, "eval/tests/valid"), course(arm, "eval/tests/kill"))
    yield from _selector(arm.runs[0])
    yield from _verifier(arm.runs[0])


def _state(run: History) -> Iterator[str]:
    planned = run.config.get("max_steps")
    if isinstance(planned, int) and run.last_step < planned:
        yield f"The run stands at step {run.last_step} of {planned}: it is going on, or was stopped there."


def _told(what: str, found: Course) -> str:
    change = found.last.value - found.first.value
    if found.first.step == found.last.step:
        return f"{what}: {found.first} at step {found.first.step}, measured once."
    way = "rose" if change > 0 else "fell"
    if not change:
        return f"{what} is {found.last.value:.3f}, as it was at first."
    told = f"{what} {way} from {found.first.value:.3f} to {found.last.value:.3f} ({change:+.3f})"
    errors = apart(found.first, found.last)
    if errors is None:
        return f"{told}; how sure that is cannot be told from the run's folder."
    sure = "" if errors >= _SURE else ", which may be chance"
    return f"{told}: {errors:.1f} standard errors of the difference{sure}."


def apart(one: Point, other: Point) -> float | None:
    """How many standard errors of their difference two values are apart; None where the errors are not known."""
    if one.error is None or other.error is None:
        return None
    error = float(np.hypot(one.error, other.error))
    return round(abs(one.value - other.value) / error, 1) if error else None


def _lost(found: Course) -> Iterator[str]:
    errors = apart(found.best, found.last)
    if errors is not None and errors >= _SURE:
        yield f"It was best at step {found.best.step} ({found.best.value:.3f}) and has fallen since."


def _variety(found: Course | None) -> Iterator[str]:
    if found is not None and found.first.step != found.last.step:
        errors = apart(found.first, found.last)
        is_lost = found.last.value < found.first.value and errors is not None and errors >= _SURE
        yield _told("pass@4", found) + (" Variety was lost: fewer problems are solved at all." if is_lost else "")


def _tests(valid: Course | None, kill: Course | None) -> Iterator[str]:
    told = [
        f"{what} {each.first.value:.3f} → {each.last.value:.3f}"
        for what, each in (("right", valid), ("kill rate of the right ones", kill))
        if each is not None
    ]
    if told:
        yield f"Tests: {', '.join(told)}."
    if valid is None or kill is None:
        return
    if kill.last.value < _LITTLE * kill.first.value and valid.last.value > valid.first.value:
        yield "The tests became right and tell little apart: this is what a tester's collapse looks like."


def _selector(run: History) -> Iterator[str]:
    series = run.series.get(PRECISION)
    if series is None:
        return
    part = max(1, len(series.values) // 5)
    first, last = series.values[:part].mean(), series.values[-part:].mean()
    yield (
        f"Of the solutions that the selector chose, {percent(series.values.mean())} were right: "
        f"{percent(first)} in the first fifth of the steps, {percent(last)} in the last."
    )


def _verifier(run: History) -> Iterator[str]:
    series = run.series.get(_INFRASTRUCTURE)
    if series is not None and (share := float(series.values.mean())) > 0:
        yield f"{percent(share)} of the cells were not judged: the verifier had trouble of its own."
