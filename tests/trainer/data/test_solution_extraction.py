"""The solution in a reply, however the model wraps it."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.data import read_problems, solution_of
from python_programs import programs
from strategies import any_character

F = "def f(x):\n    return x + 1"
HEAD = 'from typing import List\n\n\ndef f(x: int) -> int:\n    """Add one.\n\n    >>> f(1)\n    2\n    """\n'


@pytest.mark.parametrize(
    "reply",
    [
        F,
        f"```python\n{F}\n```",
        f"Sure!\n\n```python\n{F}\n```\n\nIt adds one. Note: x may be `0`.",
        f"```\n{F}\n```",
        f"~~~py\n{F}\n~~~",
        f"```Python3\n{F}",
        f"Here it is: ```python\n{F}\n```",
        "1. Code:\n   ```python\n   def f(x):\n       return x + 1\n   ```\n",
        f"```python\n{F}```",
        f"<think>```python\ndef f(x): return 0\n```</think>\n```python\n{F}\n```",
        f"maybe def f(x): ...\n</think>\n{F}",
        f"```bash\npip install x\n```\n```python\n{F}\n```\n```text\n3\n```",
        f"```python\ndef f(x):\n    return 0\n```\nWait, no:\n```python\n{F}\n```\n```python\nprint(f(2))\n```",
        f"```python\ndef f(x): return 0\n```python\n{F}\n```",
        f"Here is the function.\n\n{F}\n\nThis works because: it does.\nDone",
        ">>> def f(x):\n...     return x + 1\n",
        f"{F}\r\n".replace("\n", "\r\n"),
    ],
)
def test_a_solution_is_found_whatever_is_around_it(reply: str) -> None:
    found = solution_of(reply, "f")
    assert found is not None
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(F))


@pytest.mark.parametrize("reply", ["", "I cannot do that.", "<think>def f(x): return 1", "Note: yes", "```\n```", "3"])
def test_where_there_is_none_none_is_found(reply: str) -> None:
    assert solution_of(reply, "f") is None


def test_a_program_that_is_all_of_the_reply_keeps_its_comments() -> None:
    program = f"# the one\n{F}  # done\n"
    assert solution_of(program, "f") == program


def test_separators_within_literals_are_no_ends_of_lines() -> None:
    program = "def f(x):\n    return x.split('\u2028\x0c')"
    assert solution_of(f"```python\n{program}\n```", "f") == program


def test_imports_and_helpers_between_prose_are_kept() -> None:
    reply = f"We need this:\nimport math\nA helper first.\n@cached\ndef g(x):\n    return x\n\nThen\n{F}\nbye now"
    found = solution_of(reply, "f")
    assert found == f"import math\n\n@cached\ndef g(x):\n    return x\n\n{F}"


def test_a_solution_that_does_not_compile_is_handed_on_to_be_judged() -> None:
    broken = "def f(x):\n    return (x +"
    assert solution_of(f"```python\n{broken}\n```", "f") == broken
    assert solution_of(f"Well:\n{broken}", "f") == broken
    assert solution_of("def f ( x ) : return (", "f") == "def f ( x ) : return ("
    assert solution_of("```python\nno code here\n```", "f") == "no code here"


def test_a_solution_of_the_wrong_name_is_handed_on_too() -> None:
    assert solution_of("```python\ndef g(x): return 1\n```", "f") == "def g(x): return 1"


def test_without_an_entry_point_a_program_is_enough() -> None:
    assert solution_of("```python\nprint(int(input()) + 1)\n```") == "print(int(input()) + 1)"
    assert solution_of("Try:\n\nn = int(input())\nprint(n)\n") == "n = int(input())\n\nprint(n)"


@pytest.mark.parametrize(
    "reply", ["    return x + 1\n", "\n    return x + 1\n\nprint(f(2))\n", "```python\n    return x + 1\n```"]
)
def test_a_reply_that_goes_on_where_the_prompt_ended_is_put_behind_it(reply: str) -> None:
    found = solution_of(reply, "f", prompt=HEAD)
    assert found is not None
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(f"{HEAD}    return x + 1\n"))


@given(
    programs.filter(lambda text: "'''" not in text and '"""' not in text), st.sampled_from(["```python\n", "```\n", ""])
)
def test_any_program_comes_back_as_it_was(program: str, fence: str) -> None:
    reply = f"{fence}{program}```\nThat is it.\n" if fence else program
    found = solution_of(reply, "f")
    assert found is not None
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(program))


@given(st.text(any_character), st.text(st.sampled_from("`~<>/thinkdef f(x):\n\t .\"'#@=1")), st.none() | st.just("f"))
def test_no_reply_is_an_error(one: str, other: str, entry_point: str | None) -> None:
    for reply in (one, other, f"```python\n{one}\n```{other}", f"{other}\ndef f(x):\n{one}"):
        found = solution_of(reply, entry_point, prompt=one)
        assert found is None or isinstance(found, str)


def test_published_solutions_come_back_from_chat(shared_data: Path) -> None:
    for problem in read_problems(shared_data / "humaneval_reference.jsonl.gz").problems:
        whole, entry_point = problem.reference_solution, problem.entry_point
        assert whole is not None
        body = whole.removeprefix(problem.prompt)
        for reply in (
            f"Sure!\n```python\n{whole}```\nFor example:\n```python\nprint({entry_point}(1))\n```\n",
            f"Here is the function.\n{whole}\nIt works because: it does.\n",
            body,
        ):
            found = solution_of(reply, entry_point, prompt=problem.prompt)
            assert found is not None
            assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(whole))
