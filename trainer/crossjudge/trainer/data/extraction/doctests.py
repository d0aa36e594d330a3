"""Interactive sessions: `>>> f(2)` with its result on the next line."""

import ast
from collections.abc import Callable, Iterator

from crossjudge.trainer.python_text import lines_of, parsed

_FIRST, _NEXT = ">>>", "..."
_PLAIN = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.unaryop, ast.expr_context)


def without_prompts(text: str) -> str:
    """What was typed in a session, where the text is one; any other text as it is."""
    lines = lines_of(text)
    first = next((line for line in lines if line.strip()), "")
    if not _is_prompt(first, _FIRST):
        return text
    return "\n".join(_typed(line) for line in lines if _is_prompt(line, _FIRST) or _is_prompt(line, _NEXT))


def with_asserts(text: str) -> str:
    """Each `>>> call` whose result stands below it as a literal becomes an assert; other prompts are taken away.

    Text that is Python as it stands is not changed: examples in docstrings are not the model's tests.
    """
    if _FIRST not in text or parsed(text) is not None:
        return text
    return "\n".join(_converted(lines_of(text)))


def _converted(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        if not _is_prompt(lines[at], _FIRST):
            yield lines[at]
            at += 1
            continue
        end = _run(lines, at + 1, lambda line: _is_prompt(line, _NEXT))
        last = _run(lines, end, lambda line: bool(line.strip()) and not _is_prompt(line, _FIRST) and "```" not in line)
        typed = "\n".join(_typed(line) for line in lines[at:end])
        told = "\n".join(line.strip() for line in lines[end:last])
        compared = _compared(_expression(typed), _expression(told))
        if compared is None:
            yield typed
            yield from lines[end:last]
        else:
            yield compared
        at = last


def _run(lines: list[str], start: int, goes_on: Callable[[str], bool]) -> int:
    end = start
    while end < len(lines) and goes_on(lines[end]):
        end += 1
    return end


def _is_prompt(line: str, prompt: str) -> bool:
    stripped = line.strip()
    return stripped == prompt or stripped.startswith(f"{prompt} ")


def _typed(line: str) -> str:
    return line.strip()[4:]


def _expression(text: str) -> ast.expr | None:
    """The expression that a text is, if it is one and no more."""
    tree = parsed(text)
    match tree.body if tree is not None else []:
        case [ast.Expr(value=value)]:
            return value
    return None


def _compared(call: ast.expr | None, result: ast.expr | None) -> str | None:
    """An assert on one line that they are equal; none where there is no call, or its result is no literal."""
    if call is None or result is None or not all(isinstance(node, _PLAIN) for node in ast.walk(result)):
        return None
    try:
        return ast.unparse(ast.Assert(ast.Compare(call, [ast.Eq()], [result])))
    except (RecursionError, ValueError):
        return None
