"""The jail's first process: takes rows from the worker, has them run, says what it observed.

Protocol: frames (see `frames`) of JSON, requests on descriptor 0 and one answer each on descriptor 1.

- `{"columns": {"entry_point", "prelude", "tests"}, "limits"}`: the tests that the following rows are for, compiled
  here once. Answer: `{"prelude": report, "tests": [report]}`, a report being `{"status", "message"}`.
- `{"row": {"solution", "wanted": null or test indices, "isolation", "wants_output", "may_share"}, "limits"}`, where
  `may_share` is whether cells may share processes if that changes nothing (see `together`).
  Answer: `{"solution": report, "cells": {test index: outcome}}`; cells that could not run (the solution, the prelude or
  the test does not compile) are left out.
- Any answer may be `{"broken": why}` instead: our own failure; the request may be sent to another jail.

The first frame that it sends is `{"ready": true}`. It ends when its input does.
"""

import base64
import contextlib
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from typing import Any

from . import cell, frames, handed, judging, meters, observing, sources, together, zygote
from .bare import Bare
from .ground import Namespaces
from .grounds import GROUNDS
from .literal import sharing as literal_sharing
from .row import Row, Zygote
from .split import sharing as split_sharing

# Imported only in zygotes of their own: a program that names one of these gets a zygote that has it imported already.
_HEAVY = {"numpy": ("numpy", "numpy.random"), "pytest": ("pytest",)}
_HEAVY_NAMES = re.compile(r"\b(?:{})\b".format("|".join(_HEAVY)))
_DEEP = 10_000
_OUR_PROCESSES = 8
_OF_A_TEST = {
    "compiled": "code",
    "plan": "plan",
    "needs": "needs",
    "takes": "takes",
}  # what is kept of a compiled test, and its name there
_LOAD_TIMEOUTS = 2  # after so many cells of a row that ran out of time before the test began, the others would too


def main(wall: str = "nsjail", base: str = "") -> None:
    """Serve the worker until it is gone. What the jail calls `/packages` is at `base`/packages."""
    handed.take(sys.argv[1:])
    ground = GROUNDS[wall](base)
    ground.begin()
    requests, answers = _take_descriptors()
    zygote.prepare(base)
    supervisor = Supervisor(ground)
    sys.setrecursionlimit(
        _DEEP
    )  # after the zygote was forked: what is nested deep is for a cell to fail on, not for us
    frames.write_frame(answers, b'{"ready": true}')
    while (frame := frames.read_frame(requests)) is not None:
        frames.write_frame(answers, json.dumps(supervisor.answer(json.loads(frame))).encode("ascii"))


def _take_descriptors() -> tuple[int, int]:
    """Move the worker's pipes out of the way of everything that is forked, and leave nothing at 0 and 1."""
    requests = os.dup2(0, observing.LIFELINE, inheritable=False)
    answers = os.dup2(1, observing.ANSWERS, inheritable=False)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, answers


class Supervisor:
    """Holds the columns that are being judged, and the zygotes."""

    def __init__(self, ground: Namespaces) -> None:
        self._ground = ground
        self._zygotes = {(): self._first_zygote()}
        self._columns: dict[str, Any] = {}
        self._spare: Row | None = None
        # Root inside means that there is a second user.
        self._user = cell.USER if os.getuid() == 0 and not isinstance(ground, Bare) else None

    def _first_zygote(self) -> Zygote:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            for descriptor in (observing.LIFELINE, observing.ANSWERS):
                os.close(descriptor)
            meters.enter_group()
            zygote.serve(theirs.detach(), [], self._ground)
        meters.leave_group_alone()
        theirs.close()
        return Zygote(ours)

    def _zygote_for(self, texts: list[str]) -> Zygote:
        heavy = tuple(sorted({name for text in texts for name in _HEAVY_NAMES.findall(text)}))
        if heavy not in self._zygotes:
            _, link = self._zygotes[()].clone("zygote", [module for name in heavy for module in _HEAVY[name]])
            self._zygotes[heavy] = Zygote(link)
        return self._zygotes[heavy]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        limits = request["limits"] | {"user": self._user}
        if self._user is None:  # then supervisor, zygotes and keeper count as processes of the same user
            limits["processes"] += _OUR_PROCESSES + self._ground.strangers()
        try:
            if "columns" in request:
                return self._take_columns(request["columns"], limits)
            return self._judge(request["row"], limits)
        except (observing.KeeperLost, RecursionError) as error:
            return {"broken": f"{type(error).__name__}: {error}"}

    def _take_columns(self, columns: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
        tests = columns["tests"]
        has_prelude = bool(columns["prelude"].strip())
        texts = [("prelude.py", columns["prelude"], 0)] if has_prelude else []
        texts += [("test.py", test["code"], 0) for test in tests if "code" in test]
        compiled = sources.compile_all(self._zygotes[()], texts, limits)
        prelude = compiled.pop(0) if has_prelude else {"status": "ok", "message": None, "flags": 0, "code": b""}
        for test in tests:
            test["report"] = compiled.pop(0) if "code" in test else _check_text(test)
            test |= {name: test["report"].pop(key, None) for name, key in _OF_A_TEST.items()}
            if test["plan"] is not None:
                test["plan"]["pieces"] = list(map(base64.b64decode, test["plan"]["pieces"]))
        self._columns = columns | {"prelude_text": columns["prelude"], "prelude": prelude, "tests": tests}
        said = [_said(test["report"]) | {"needs": test["needs"]} for test in tests]
        return {"prelude": _said(prelude), "tests": said}

    def _judge(self, asked: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
        columns, text = self._columns, asked["solution"]
        indices = range(len(columns["tests"])) if asked["wanted"] is None else asked["wanted"]
        tests = {index: columns["tests"][index] for index in indices}
        texts = [text, *(test["kind"] if test["kind"] == "pytest" else test.get("code", "") for test in tests.values())]
        source = ("solution.py", text, columns["prelude"].get("flags", 0))
        work = {
            "solution_text": text,
            "prelude": columns["prelude"]["code"],
            "entry_point": columns["entry_point"],
            "wants_output": asked["wants_output"],
        }
        with self._row(self._zygote_for(texts), limits) as row:
            sharing = _shareable(columns, tests, asked)
            literal = _enough({index: test for index, test in sharing.items() if test["plan"] is not None})
            prelude = columns["prelude_text"]
            compiled, cells = literal_sharing.run(row, work, prelude, source, literal) if literal else (None, {})
            if compiled is None:
                (compiled,) = sources.compile_in(row, [source], prelude if sharing else None)
            if compiled["status"] == columns["prelude"]["status"] == "ok":
                work["solution"] = compiled["code"]
                if pairs := _enough(_harmless(sharing, compiled)):
                    cells |= split_sharing.run(row, work, pairs)
                left = {index: test for index, test in tests.items() if index not in cells}
                cells |= _run_cells(row, work, left, judging.STRATEGIES[asked["isolation"]])
        return {"solution": _said(compiled), "cells": cells}

    @contextlib.contextmanager
    def _row(self, base: Zygote, limits: dict[str, Any]) -> Iterator[Row]:
        """A row; that of an earlier solution where nothing has run in it that could have left anything behind."""
        if self._spare is not None and not self._spare.fits(base, limits):
            self._spare.end()
            self._spare = None
        row, self._spare = self._spare, None
        if row is None:
            row = Row(base, limits)
            row.start()
        try:
            yield row
        except BaseException:
            row.end()
            raise
        if row.is_clean:
            self._spare = row
        else:
            row.end()


def _shareable(columns: dict[str, Any], tests: together.Tests, asked: dict[str, Any]) -> together.Tests:
    """The tests that may share processes with others, as far as that can be told from the tests alone."""
    if not asked["may_share"] or asked["isolation"] == "shared" or columns["prelude"]["status"] != "ok":
        return {}
    return {
        index: test
        for index, test in tests.items()
        if test["kind"] == "assert"
        and (not test["plan"]["is_alone"] if test["plan"] is not None else test["takes"] is not None)
        and not (test["needs"] and asked["isolation"] == "auto")
    }


def _harmless(tests: together.Tests, solution: dict[str, Any]) -> together.Tests:
    """Of the tests that need an interpreter, those that can do no harm beside what this solution imports."""
    imports = solution.get("imports")
    if imports is None:
        return {}
    return {
        index: test
        for index, test in tests.items()
        if test["plan"] is None and not set(test["takes"]).intersection(imports)
    }


def _enough(tests: together.Tests) -> together.Tests:
    return tests if len(tests) >= together.FEWEST else {}


def _run_cells(
    row: Row, work: dict[str, Any], tests: dict[int, dict[str, Any]], strategies: dict[str, judging.Strategy]
) -> dict[int, dict[str, Any]]:
    cells: dict[int, dict[str, Any]] = {}
    stuck: list[dict[str, Any]] = []
    for index, test in tests.items():
        if test["report"]["status"] != "ok":
            continue
        if len(stuck) >= _LOAD_TIMEOUTS and test["kind"] != "stdio":
            cells[index] = stuck[-1] | {"cpu_ns": 0, "wall_ns": 0}
            continue
        cells[index] = outcome = strategies[test["kind"]](row, work, test)
        if outcome["stopped"] in ("cpu", "wall") and outcome["phase"] == "load":
            stuck.append(outcome)
    return cells


def _check_text(test: dict[str, Any]) -> dict[str, Any]:
    """The report on a test that has no code: its text must be text."""
    try:
        json.dumps(test, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return {"status": "syntax_error", "message": "the test holds a lone surrogate"}
    return {"status": "ok", "message": None}


def _said(report: dict[str, Any]) -> dict[str, Any]:
    message = report["message"]
    return {"status": report["status"], "message": message if message is None else observing.clean(message)}


if __name__ == "__main__":
    sys.exit("run by the worker as: python -c 'from jail.supervisor import main; main()'")
