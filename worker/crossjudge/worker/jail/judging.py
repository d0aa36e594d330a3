"""From a test and a solution to what was observed of their cell. One function a way of running them.

`STRATEGIES` maps the isolation and the kind of test to the function that runs such cells; a new way of isolating is a
new entry. Each is given the row, the solution, the columns and one test, and returns the plain dict that the worker
reads as `RawOutcome`.
"""

import json
from collections.abc import Callable
from typing import Any

from . import compare, observing, values
from .literal import asking
from .row import Row

_SLACK_BYTES = 65536
_TAGGED_GROWTH = 8  # a value is longer with its tags than as JSON, by less than this factor


def run_in_one(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """Solution and test in one interpreter (`assert`, `pytest`): the cell's own report is all there is."""
    task = work | {"mode": test["kind"], "test": test["compiled"], "test_text": test["code"]}
    return observing.outcome(row.run(task))


def run_apart(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """Solution and test in a process each (`assert`, `pytest`). What the solution's says of the verdict is not read."""
    seen = row.run_pair(_test_task(work, test), work | {"mode": "solution of a pair"})
    result = observing.outcome(seen)
    if result["said"] != "gone" or result["stopped"] is not None:
        return result
    theirs = observing.read_report(bytes(seen["other"].head))
    said = theirs.get("said") if theirs.get("said") in ("error", "memory") else "error"
    words = {"phase": theirs.get("phase", "load"), "said": said, "message": theirs.get("message") or result["message"]}
    if (seen["other_ended"] or ["exit", 0])[0] == "signal" or theirs.get("message") is None:
        words["message"] = _how_it_ended(seen["other_ended"]) or result["message"]
    return result | words | {"ended": seen["other_ended"] or result["ended"]}


def _test_task(work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    known = {name: work[name] for name in ("solution_text", "entry_point", "wants_output")}
    return known | {"mode": f"{test['kind']} of a pair", "test": test["compiled"], "test_text": test["code"]}


def _how_it_ended(ended: list[Any] | None) -> str | None:
    return "exited with status {1} before the test's end".format(*ended) if ended and ended[0] == "exit" else None


def run_call(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """The entry point called in the solution's process; what it returned is compared here."""
    size = len(json.dumps(test["expected"]))
    enough = max(observing.MAX_REPORT_BYTES, _TAGGED_GROWTH * size + _SLACK_BYTES)
    task = work | {"mode": "call", "args": test["args"], "kwargs": test["kwargs"]}
    task["most_items"] = max(values.MAX_ITEMS, size)  # JSON has no item shorter than a letter
    seen = row.run(task, report_cap=enough)
    result = observing.outcome(seen)
    if result["said"] == "returned":
        value = observing.read_report(bytes(seen["report"].head)).get("value")
        result["check"] = not seen["report"].is_cut and _is_equal(test, value)
        if not result["check"]:
            result["message"] = _difference(test["expected"], value, enough if seen["report"].is_cut else None)
    return result


def run_literal(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any] | None:
    """Only the calls of an `assert` test made in the solution's process; what must hold of them is decided here.

    None where this cannot tell what one interpreter would have said; the cell has then to be run in another way.
    """
    if test["plan"] is None:
        return None
    heard = asking.run(row, work, test["plan"], test["code"])
    if heard is None:
        return None
    decision, seen = heard
    return asking.judged(decision, observing.outcome(seen))


def _is_equal(test: dict[str, Any], value: Any) -> bool:
    try:
        return compare.values_equal(test["expected"], value, test["tolerance"])
    except (RecursionError, ValueError, TypeError, IndexError, KeyError):  # not what `values.encode` makes
        return False


def _difference(expected: Any, value: Any, cut_at: int | None) -> str:
    if cut_at is not None:
        return f"expected {_short(expected)}, got more than {cut_at:,} bytes"
    try:
        got = _short(values.decode(value))
    except RecursionError:
        got = "a value nested too deep to show"
    return f"expected {_short(expected)}, got {got}"


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        text = f"a {type(value).__name__} too large to show"
    return observing.clean(text, 200)


def run_program(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """The solution run as a program; its output is compared here."""
    enough = len(test["stdout"].encode("utf-8", "replace")) + _SLACK_BYTES  # a limit below what is expected is none
    seen = row.run(work | {"mode": "stdio"}, stdin=test["stdin"].encode("utf-8", "replace"), output_cap=enough)
    result = observing.outcome(seen)
    printed = bytes(seen["stdout"].head).decode("utf-8", "surrogateescape")  # no two outputs become the same text
    if work["wants_output"] and seen["stdout"].size:
        result["output"] = values.digest(compare.lines_of(printed))
    if result["ended"] == ["exit", 0] and result["said"] is None:
        result["check"] = not seen["stdout"].is_cut and compare.output_equal(test["stdout"], printed, test["compare"])
        if seen["stdout"].is_cut:
            result["message"] = f"printed {seen['stdout'].size} bytes, over the output limit"
        elif not result["check"]:
            result["message"] = f"expected {_short(test['stdout'])}, printed {_short(printed)}"
    elif result["message"] is None and result["ended"] is not None:
        result["message"] = "ended with {} {}".format(*result["ended"])
    return result


Strategy = Callable[[Row, dict[str, Any], dict[str, Any]], dict[str, Any]]


def run_assert(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """Without an interpreter for the test where that can be, else with one of its own."""
    return run_literal(row, work, test) or run_apart(row, work, test)


def run_as_needed(row: Row, work: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """In one interpreter what cannot be judged otherwise (see `needing`), all else apart."""
    return run_in_one(row, work, test) if test["needs"] else STRATEGIES["split"][test["kind"]](row, work, test)


STRATEGIES: dict[str, dict[str, Strategy]] = {
    "split": {"assert": run_assert, "pytest": run_apart, "call": run_call, "stdio": run_program},
    "auto": {"assert": run_as_needed, "pytest": run_as_needed, "call": run_call, "stdio": run_program},
    "shared": {"assert": run_in_one, "pytest": run_in_one, "call": run_call, "stdio": run_program},
}
