"""The shapes that a line of a problem file may have, made into one. Knows nothing of files.

Each shape is told by a field that only it has, and lists every field that it knows.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crossjudge.trainer.python_text import SourceText, parsed

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """One way to write down a problem."""

    name: str
    tells: str
    """The field that only lines of this shape have."""
    fields: frozenset[str]
    convert: Callable[[Fields], dict[str, Any]]
    """From the fields of a line to those of a `TrainingProblem`. Raises `KeyError` for a field that is missing."""


def shape_of(fields: Fields) -> Shape:
    """The shape of a line; `OURS` where nothing tells another."""
    return next((shape for shape in SHAPES if shape.tells in fields), OURS)


def _ours(fields: Fields) -> dict[str, Any]:
    found = {name: fields[name] for name in ("id", "prompt", "entry_point", "prelude") if fields.get(name) is not None}
    solution, tests = fields.get("reference_solution"), fields.get("reference_tests")
    if fields.get("reference_test") is not None:
        tests = [fields["reference_test"], *(tests or [])]
    if solution is None and tests is None and len(fields.get("solutions") or []) == 1:
        solution, tests = fields["solutions"][0], fields.get("tests")
    return found | _given(reference_solution=solution, reference_tests=tests)


def _human_eval(fields: Fields) -> dict[str, Any]:
    prompt, entry_point, test = fields["prompt"], fields["entry_point"], fields.get("test")
    solution = fields.get("canonical_solution")
    return {"id": fields["task_id"], "prompt": prompt, "entry_point": entry_point} | _given(
        reference_solution=None if solution is None else f"{prompt}{solution}",
        reference_tests=None if test is None else [f"{test}\n\ncheck({entry_point})\n"],
    )


def _mbpp(fields: Fields) -> dict[str, Any]:
    prompt = fields["text"] if fields.get("prompt") is None else fields["prompt"]
    before = [fields["test_setup_code"]] if fields.get("test_setup_code") else []
    head = "\n".join([*(fields.get("test_imports") or []), *before])
    tests = [f"{head}\n{test}" if head else test for test in fields["test_list"]]
    task = fields["task_id"]
    return {"id": f"Mbpp/{task}" if isinstance(task, int) else task, "prompt": prompt} | _given(
        reference_solution=fields.get("code"), reference_tests=tests
    )


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


OURS = Shape(
    "crossjudge",
    "id",
    frozenset({"id", "prompt", "entry_point", "prelude", "reference_solution", "reference_tests", "reference_test"})
    | {"solutions", "tests", "language", "pairs"},
    _ours,
)
MBPP = Shape(
    "MBPP",
    "test_list",
    frozenset({"task_id", "text", "prompt", "code", "test_list", "test_setup_code", "test_imports"})
    | {"challenge_test_list", "source_file"},
    _mbpp,
)
HUMAN_EVAL = Shape(
    "HumanEval",
    "task_id",
    frozenset({"task_id", "prompt", "entry_point", "canonical_solution", "test"}),
    _human_eval,
)
SHAPES = (MBPP, HUMAN_EVAL, OURS)


def completed(problem: dict[str, Any]) -> dict[str, Any]:
    """With the entry point and the prelude that follow from the rest, where they are not given."""
    prompt, solution = problem.get("prompt"), problem.get("reference_solution")
    found = dict(problem)
    if "entry_point" not in found and isinstance(solution, str):
        tests = [test for test in problem.get("reference_tests", ()) if isinstance(test, str)]
        found |= _given(entry_point=_called_function(solution, tests))
    if "prelude" not in found and isinstance(prompt, str) and isinstance(found.get("entry_point"), str):
        found["prelude"] = head_of(prompt, found["entry_point"])
    return found


def _called_function(solution: str, tests: list[str]) -> str | None:
    """The function of the solution that the tests call first; without tests, the last that it defines."""
    tree = parsed(solution)
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    for test in tests:
        for node in ast.walk(parsed(test) or ast.Module([], [])):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in defined:
                    return name
    return defined[-1] if defined else None


def head_of(prompt: str, entry_point: str) -> str:
    """What a prompt that is the head of a function has before it: imports and helpers. Else the empty text."""
    for end in ("", "\n    pass\n"):
        tree = parsed(prompt + end)
        for node in tree.body if tree else []:
            if isinstance(node, ast.FunctionDef) and node.name == entry_point:
                text = SourceText(prompt + end)
                head = text.data[: text.span(node)[0]].decode()
                return head if head.strip() else ""
    return ""
