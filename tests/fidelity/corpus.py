"""Reads the honest cells in `cells/*.md`. Knows nothing of how they are judged.

A file is a topic; each `## heading` in it is one case and says what it shows. Below it stand fenced blocks, told apart
by the words after the fence:

- `python`: a right solution. With this one every test below must pass, whatever the isolation.
- `python wrong`: a wrong solution, with which the test must fail (`F`) or end in an error (`E`). Any number of them.
- one test: `python test`, `python pytest`, `json call` (the fields of the contract and `entry_point`), or `text stdin`
  with `text stdout`.

A line that starts with `Not in split:` gives the reason why the test needs the solution's own interpreter: such a case
is judged in `shared` and, since the test's code shows it, in `auto`. `Only in shared:` stands where `auto` cannot see
it either. `Needs numpy.` skips the case where numpy is not installed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cells"
TOPICS = sorted(path.stem for path in FOLDER.glob("*.md"))

_CASE = re.compile(r"^## (?P<name>.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<label>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXCEPTION = re.compile(r"^(Not in split|Only in shared): .+$", re.MULTILINE)
_EXCEPTED = {"Not in split": {"split"}, "Only in shared": {"split", "auto"}}
_TESTS = {"python test": "assert", "python pytest": "pytest", "json call": "call", "text stdout": "stdio"}


@dataclass(frozen=True)
class Case:
    """One test with the solutions that must pass it and those that must not."""

    where: str
    right: list[str]
    wrong: list[str]
    test: dict[str, Any]
    entry_point: str | None
    not_in: frozenset[str]
    """The isolations in which the test cannot be judged."""

    @property
    def solutions(self) -> list[str]:
        """The right ones first."""
        return [*self.right, *self.wrong]


def cases_of(topic: str) -> list[Case]:
    """The cases of a topic that can run on this machine."""
    return list(_read(FOLDER / f"{topic}.md"))


def _read(path: Path) -> Iterator[Case]:
    text = path.read_text("utf-8")
    headings = list(_CASE.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        line = text.count("\n", 0, heading.start()) + 1
        where = f"cells/{path.name}:{line} {heading['name']}"
        body = text[heading.end() : end]
        if "\nNeeds numpy." not in body or find_spec("numpy"):
            yield _case(where, body)


def _case(where: str, text: str) -> Case:
    blocks = [(block["label"], block["body"]) for block in _BLOCK.finditer(text)]
    by_label = dict(blocks)
    kinds = [label for label in by_label if label in _TESTS]
    unknown = by_label.keys() - _TESTS.keys() - {"python", "python wrong", "text stdin"}
    assert len(kinds) == 1 and not unknown, f"{where}: one test wanted, found {sorted(by_label)}"
    test = _test(_TESTS[kinds[0]], by_label[kinds[0]], by_label)
    exception = _EXCEPTION.search(text)
    case = Case(
        where=where,
        right=[body for label, body in blocks if label == "python"],
        wrong=[body for label, body in blocks if label == "python wrong"],
        entry_point=test.pop("entry_point", None),
        test=test,
        not_in=frozenset(_EXCEPTED[exception[1]] if exception else ()),
    )
    assert case.right, f"{where}: no right solution"
    return case


def _test(kind: str, text: str, blocks: dict[str, str]) -> dict[str, Any]:
    if kind == "call":
        fields: dict[str, Any] = json.loads(text)
        return {"kind": kind} | fields
    if kind == "stdio":
        return {"kind": kind, "stdin": blocks.get("text stdin", ""), "stdout": text}
    return {"kind": kind, "code": text}
