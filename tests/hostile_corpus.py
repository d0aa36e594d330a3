"""The hostile corpus: programs that try to get a `P` that they do not deserve, read from `tests/hostile/programs`.

A file there is one class of tricks. In it, `## name` begins a program; then what it is about, in a sentence or none;
then lines `- tests: letters`, the tests that it attacks (names out of `tests/hostile/tests.md`, or `own`) with the
letters that it may get. Where one interpreter for both is beaten, the line ends in `; shared P`. Then the code:

- a block `python` is the solution; a program without one is a hostile test of the honest solution; the line `# forging`
  in it stands for the section of that name in `tests/hostile/tests.md`,
- a block `python test` or `python pytest` is a test of its own, `own`,
- a block `python honest` is a solution that passes `own`, where the one in `tests/hostile/tests.md` cannot; a line
  `- neighbour: letters` says what it gets where nobody can pass.

Run as a script it writes `docs/hostile.md`, the list of all of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "hostile"
TABLE = Path(__file__).parent.parent / "docs" / "hostile.md"

_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+ ?\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ATTACK = re.compile(r"^- ([\w, ]+): ([A-Z]+)(?:; shared ([A-Z]+))?$", re.MULTILINE)
_KINDS = ("assert", "pytest", "call", "stdio")


@dataclass(frozen=True)
class Attack:
    """One program against one test: `deserved` letters where they are kept apart, whether it wins where not."""

    test: str
    deserved: frozenset[str]
    wins_shared: bool


@dataclass(frozen=True)
class Program:
    """One entry of the corpus."""

    name: str
    kind: str
    about: str
    solution: str
    attacks: tuple[Attack, ...]
    own_test: Any = None
    honest: str | None = None
    neighbour: frozenset[str] = frozenset("P")
    """What an honest solution may get in `own_test`, which can be so broken that nobody passes."""

    @property
    def is_hostile_test(self) -> bool:
        """Whether it is the test that cheats, and the solution is honest."""
        return not self.solution

    @property
    def beats_shared(self) -> bool:
        """Whether it gets a P where solution and test share an interpreter."""
        return any(attack.wins_shared for attack in self.attacks)


@cache
def attacked() -> dict[str, Any]:
    """The tests that programs attack, by name."""
    return {name: _test(body) for name, body in _common().items() if name not in ("honest", "forging")}


def honest_solution() -> str:
    """A solution that passes each of `attacked`, but for the one that is a program as a whole."""
    return _blocks(_common()["honest"])["python"]


def _forging() -> str:
    return _blocks(_common()["forging"])["python"]


@cache
def _common() -> dict[str, str]:
    return dict(_sections((FOLDER / "tests.md").read_text("utf-8")))


@cache
def corpus() -> tuple[Program, ...]:
    """All programs, class by class."""
    files = sorted((FOLDER / "programs").glob("*.md"))
    return tuple(program for file in files for program in _read(file.stem.replace("_", " "), file.read_text("utf-8")))


def _read(kind: str, text: str) -> Iterator[Program]:
    for name, body in _sections(text):
        code = _blocks(body)
        attacks = [
            Attack(test.strip(), frozenset(letters), "P" in wins)
            for names, letters, wins in _ATTACK.findall(body)
            for test in names.split(",")
        ]
        neighbour = next(
            (attacks.pop(at).deserved for at, each in enumerate(attacks) if each.test == "neighbour"), None
        )
        own_test: Any = code.get("python test")
        if "python pytest" in code:
            own_test = {"kind": "pytest", "code": code["python pytest"]}
        solution = code.get("python", "").replace("# forging\n", _forging())
        about = " ".join(body.partition("\n- ")[0].split())
        yield Program(
            name,
            kind,
            about,
            solution,
            tuple(attacks),
            own_test,
            code.get("python honest"),
            neighbour or frozenset("P"),
        )


def _sections(text: str) -> list[tuple[str, str]]:
    pieces = _SECTION.split(text)
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def _blocks(body: str) -> dict[str, str]:
    return dict(_BLOCK.findall(body))


def _test(body: str) -> Any:
    ((info, code),) = _BLOCK.findall(body)
    if info == "json call":
        return {"kind": "call", "args": [2], "expected": 4}
    if info == "json stdio":
        return {"kind": "stdio", "stdin": "2\n", "stdout": "4\n"}
    return {"kind": "pytest", "code": code} if info == "python pytest" else code


_HEAD = """# Hostile programs

The corpus of programs that try to get a `P` that they do not deserve, or to do harm: `tests/hostile/programs`, a file
a class. Each runs against the tests that it attacks, beside honest solutions, in `split` and in `auto`, and gets the
letters below; every honest neighbour passes. Where `shared` says **P**, the program wins where solution and test share
an interpreter: do not use `isolation: "shared"` for programs that are trained against their tests.

This file is written by `python tests/hostile_corpus.py`, and a test compares it with the corpus.
"""

_COLUMNS = ["| program | attacks | split, auto | shared |", "| --- | --- | --- | --- |"]


def table() -> str:
    """The corpus as `docs/hostile.md` has it."""
    programs = corpus()
    winners = sum(program.beats_shared for program in programs)
    lines = [
        _HEAD,
        f"{len(programs)} programs; {winners} of them beat `shared`, no solution beats `split` or `auto`.\n",
    ]
    for kind in dict.fromkeys(program.kind for program in programs):
        lines += [f"## {kind[0].upper()}{kind[1:]}\n", *_COLUMNS]
        lines += [_row(program) for program in programs if program.kind == kind]
        lines.append("")
    return "\n".join(lines)


def _row(program: Program) -> str:
    attacked = ", ".join(attack.test for attack in program.attacks)
    letters = sorted(set().union(*(attack.deserved for attack in program.attacks)))
    name = program.name.replace("|", "\\|")
    return f"| {name} | {attacked} | {' '.join(letters)} | {'**P**' if program.beats_shared else ''} |"


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
