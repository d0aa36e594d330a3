"""Verify's results as matrices: copies folded and unfolded, and what is wrong named by its line and place."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.client.json_lines import BadLine
from crossjudge.trainer.results import JudgedProblem, Sources, judged_problems
from crossjudge.trainer.selectors import NO_OUTPUT, make_selector

LETTERS = "PFETMCSX"


def result(*rows: str, id: str = "p", solutions: Any = None, tests: Any = None, **fields: Any) -> dict[str, Any]:
    """A result; `solutions` and `tests` hold the `copy_of` of each."""
    solutions = [None] * len(rows) if solutions is None else solutions
    tests = [None] * (len(rows[0]) if rows else 0) if tests is None else tests
    return {
        "id": id, "matrix": list(rows),
        "solutions": [{"status": "ok"} | ({} if copy is None else {"copy_of": copy}) for copy in solutions],
        "tests": [{"status": "ok", "vacuous": False} | ({} if copy is None else {"copy_of": copy}) for copy in tests],
        **fields,
    }  # fmt: skip


def read(*lines: Any, sources: Sources | None = None) -> list[JudgedProblem | BadLine]:
    data = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    return list(judged_problems(io.BytesIO(data), sources))


def one(line: Any, sources: Sources | None = None) -> JudgedProblem:
    [found] = read(line, sources=sources)
    assert isinstance(found, JudgedProblem), found
    return found


def wrong(line: Any, sources: Sources | None = None) -> tuple[str, str]:
    [found] = read(line, sources=sources)
    assert isinstance(found, BadLine)
    return found.path, found.detail


def rows_of(problem: JudgedProblem) -> list[str]:
    return [row.tobytes().decode() for row in problem.matrix.letters]


def test_equal_solutions_and_tests_become_one_that_counts_as_often() -> None:
    problem = one(result("PFP", "FPF", "PFP", "PFP", solutions=[None, None, 0, 0], tests=[None, None, 0]))
    assert rows_of(problem) == ["PF", "FP"]
    assert problem.matrix.solution_copies.tolist() == [3, 1]
    assert problem.matrix.test_copies.tolist() == [2, 1]
    assert (problem.solutions.tolist(), problem.tests.tolist()) == ([0, 1, 0, 0], [0, 1, 0])


def test_a_selection_is_unfolded_to_all_copies() -> None:
    problem = one(result("PFP", "FPF", "PFP", solutions=[None, None, 0], tests=[None, None, 0]))
    chosen = problem.unfold(make_selector("codet").select([problem.matrix])[0])
    assert chosen.solutions.tolist() == [True, False, True]
    assert chosen.tests.tolist() == [True, False, True]
    assert chosen.solution_scores[0] == chosen.solution_scores[2] > chosen.solution_scores[1]


def test_a_cell_that_only_a_copy_has_judged_is_known() -> None:
    problem = one(
        result("PSS", "SFX", "SSS", solutions=[None, 0, 0], outputs=[["1", None, None], [None, "2", None], [None] * 3])
    )
    assert rows_of(problem) == ["PFS"]
    assert problem.matrix.outputs is not None
    assert problem.matrix.outputs.tolist() == [[0, 1, NO_OUTPUT]]


def test_broken_and_vacuous_tests_are_not_sound() -> None:
    document = result("PPPP")
    document["tests"] = [
        {"status": "ok", "vacuous": True}, {"status": "syntax_error"}, {"status": "not_run"}, {"status": "ok"},
    ]  # fmt: skip
    assert one(document).matrix.sound_tests.tolist() == [False, False, True, True]


@given(st.data())
def test_folding_loses_nothing(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
    firsts = [
        [data.draw(st.one_of(st.none(), st.integers(0, at - 1))) if at else None for at in range(size)]
        for size in (height, width)
    ]
    solutions, tests = [[None if f is None or each[f] is not None else f for f in each] for each in firsts]
    places = [[at if f is None else f for at, f in enumerate(each)] for each in (solutions, tests)]
    letters = {(s, t): data.draw(st.sampled_from(LETTERS)) for s in places[0] for t in places[1]}
    rows = ["".join(letters[s, t] for t in places[1]) for s in places[0]]
    problem = one(result(*rows, solutions=solutions, tests=tests))
    folded = rows_of(problem)
    assert ["".join(folded[s][t] for t in problem.tests) for s in problem.solutions] == rows
    assert problem.matrix.solution_copies.sum() == height
    assert problem.matrix.test_copies.sum() == width


@pytest.mark.parametrize(
    ("line", "path", "says"),
    [
        (b"{oops\n", "$", "not JSON"),
        (b'{"id": "p", "matrix": ["P', "$", "as if it had been cut off"),
        ([1], "$", "a result is an object, not a list"),
        ({"id": "p", "solutions": ["x"], "tests": ["y"]}, "$", "crossjudge verify"),
        ({"id": "p", "problems": [], "status": "done"}, "$", "answer of a whole batch"),
        ({"id": "p", "solutions": [0], "solution_scores": [1.0]}, "$", "has chosen already"),
        ({"id": "p", "answer": 42}, "$", "there is no `matrix`"),
        ({**result("P"), "id": 7}, "$.id", "string"),
        ({**result("P"), "matrix": "P"}, "$.matrix", "list"),
        ({**result("P"), "solutions": None}, "$.solutions", "list"),
        ({**result("P"), "tests": [{"vacuous": False}]}, "$.tests[0].status", "required"),
        (result("PF", "P"), "$.matrix[1]", "1 letters where the problem has 2 tests"),
        (result("PF", "PF", solutions=[None]), "$.matrix", "2 rows of 1 solutions"),
        (result("PF", "PQ"), "$.matrix[1]", "'Q'"),
        (result("P", "P", solutions=[1, None]), "$.solutions[0].copy_of", "1 is not the index of an earlier one"),
        (result("P", "P", solutions=[None, 1]), "$.solutions[1].copy_of", "1 is not"),
        (result("P", "P", "P", solutions=[None, 0, 1]), "$.solutions[2].copy_of", "that is no copy itself"),
        (result("PP", tests=[None, -1]), "$.tests[1].copy_of", "-1 is not"),
        (result("PF", "PP", solutions=[None, 0]), "$.matrix", "solutions 0 and 1 have equal sources and yet other"),
        (result("PF", tests=[None, 0]), "$.matrix", "tests 0 and 1 have equal sources and yet other verdicts (P and F"),
        (result("PF", outputs=[["a"]]), "$.outputs", "not 1 lists of 2 digests"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_place(line: Any, path: str, says: str) -> None:
    found = wrong(line)
    assert found[0] == path
    assert says in found[1]


def test_a_bad_line_carries_its_number_and_problem_and_the_others_are_read() -> None:
    found = read(result("P", id="a"), b"\n", result("PF", "P", id="b"), result("F", id="c"), result("F", id="a"))
    assert [each.id if isinstance(each, JudgedProblem) else each.problem for each in found] == ["a", "b", "c", "a"]
    bad = [each for each in found if isinstance(each, BadLine)]
    assert [(each.number, each.path) for each in bad] == [(3, "$.matrix[1]"), (5, "$.id")]
    assert "line 1 is a result of that problem too" in bad[1].detail


def sources_of(folder: Path, *problems: Any) -> Sources:
    file = folder / "problems.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in problems))
    return Sources.read(str(file))


def test_copies_are_known_from_the_problems_too(tmp_path: Path) -> None:
    tests = ["assert f()", {"kind": "assert", "code": "assert f()"}, {"kind": "call", "expected": 1}]
    sources = sources_of(tmp_path, {"id": "p", "solutions": ["a", "b", "a"], "tests": tests, "prompt": "left aside"})
    problem = one(result("PPF", "FFP", "PPF"), sources)
    assert rows_of(problem) == ["PF", "FP"]
    assert problem.matrix.solution_copies.tolist() == [2, 1]


def test_problems_without_solutions_or_tests_have_results_too(tmp_path: Path) -> None:
    sources = sources_of(tmp_path, {"id": "s", "solutions": [], "tests": ["1", "1"]}, {"solutions": ["1"], "tests": []})
    assert one(result(id="s", tests=[None, None]), sources).matrix.shape == (0, 1)
    assert one(result("", id="1"), sources).matrix.shape == (1, 0)


def test_files_that_do_not_belong_together_are_told(tmp_path: Path) -> None:
    sources = sources_of(tmp_path, {"id": "p", "solutions": ["a", "a"], "tests": ["1"]})
    assert wrong(result("P", "P", id="q"), sources)[0] == "$.id"
    assert "has no such problem" in wrong(result("P", "P", id="q"), sources)[1]
    assert wrong(result("P"), sources) == (
        "$.solutions", f"1 solutions where {sources.file} has 2: is it the file that was verified?",
    )  # fmt: skip
    assert "equal sources and yet other verdicts" in wrong(result("P", "F"), sources)[1]
