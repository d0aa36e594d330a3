"""From what was observed of a cell to its letter. Pure: no clock, no process, no I/O.

A cell passes only when its processes were not stopped, ended by themselves with exit status 0 within the CPU limit,
and either the supervisor's own comparison held or, where solution and test share an interpreter, the test ran to its
end.
"""

import signal

from crossjudge.contracts import CallTest, Limits, StdioTest, Test, Verdict

from .outcome import RawOutcome


def decide(test: Test, outcome: RawOutcome, limits: Limits) -> Verdict:
    """The verdict on one cell that ran."""
    if (limit := _limit(outcome, limits)) is not None:
        return limit
    if outcome.ended is None or outcome.ended[0] == "signal":
        return Verdict.CRASHED
    if outcome.said == "memory":
        return Verdict.MEMORY
    if isinstance(test, StdioTest):
        return _program(outcome)
    if outcome.ended != ("exit", 0) or outcome.said in (None, "error", "broken"):
        return Verdict.ERROR
    if isinstance(test, CallTest):
        return _checked(outcome.said == "returned" and outcome.check is True)
    return _checked(outcome.said == "passed")


def _limit(outcome: RawOutcome, limits: Limits) -> Verdict | None:
    if outcome.stopped == "memory":
        return Verdict.MEMORY
    over_cpu = outcome.cpu_ns > limits.cpu_seconds * 1e9
    if (
        outcome.stopped is not None
        or outcome.over is not None
        or over_cpu
        or outcome.ended == ("signal", signal.SIGXCPU)
    ):
        return Verdict.TIMEOUT
    return None


def _program(outcome: RawOutcome) -> Verdict:
    if outcome.ended != ("exit", 0) or outcome.said is not None:
        return Verdict.ERROR
    return _checked(outcome.check is True)


def _checked(held: bool) -> Verdict:
    return Verdict.PASSED if held else Verdict.FAILED


def explain(verdict: Verdict, outcome: RawOutcome, limits: Limits) -> str | None:
    """A message for people: why the cell got this letter. None for a cell that passed."""
    if verdict is Verdict.PASSED:
        return None
    if verdict is Verdict.TIMEOUT:
        if "wall" in (outcome.stopped, outcome.over):
            return f"over its wall-clock limit of {limits.wall_seconds:g} s{_where(outcome)}"
        return f"over its CPU-time limit of {limits.cpu_seconds:g} s{_where(outcome)}"
    if verdict is Verdict.MEMORY:
        return outcome.message or f"over its memory limit of {limits.memory_mb} MB"
    if verdict is Verdict.CRASHED:
        return _crash(outcome)
    return outcome.message or _early_exit(outcome)


def _where(outcome: RawOutcome) -> str:
    return " while the solution was loading" if outcome.phase == "load" else ""


def _crash(outcome: RawOutcome) -> str:
    if outcome.ended is None:
        return "killed before its end"
    number = outcome.ended[1]
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"killed by {name}{_where(outcome)}"


def _early_exit(outcome: RawOutcome) -> str:
    status = outcome.ended[1] if outcome.ended else 0
    return f"exited with status {status} before the test's end"
