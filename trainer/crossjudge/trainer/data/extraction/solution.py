"""The solution in a reply."""

import ast
import re

from crossjudge.trainer.python_text import lines_of, parsed

from .doctests import without_prompts
from .fences import answer_of, python_blocks
from .statements import is_code, statements_of


def solution_of(reply: str, entry_point: str | None = None, *, prompt: str = "") -> str | None:
    """The program that a reply holds; None where there is none, which may be judged as the empty text.

    Of several fenced blocks it is the last that is Python and defines the entry point: a later one corrects those
    before. Without fences it is all that is code of the text. A block, or a text, that only goes on where `prompt` (the
    head of a function) ended is put behind it. What does not compile is returned all the same, if it is meant as a
    solution: the verifier will say so.
    """
    answer = answer_of(reply)
    blocks = python_blocks(answer)
    programs = (_program(block, entry_point, prompt) for block in blocks or [answer])
    found = [text for text in programs if text is not None]
    if not found:
        return blocks[-1] if blocks else None
    for is_it in (_defines, _mentions):
        for text in reversed(found):
            if is_it(text, entry_point):
                return text
    return found[-1]


def _program(text: str, entry_point: str | None, prompt: str) -> str | None:
    """What is code of a block or of a text without blocks."""
    text = without_prompts(text)
    if (body := _continuation(text, entry_point, prompt)) is not None:
        return body
    statements = statements_of(text)
    code = [statement for statement in statements if is_code(statement.node) or _is_text(statement.node)]
    if not any(is_code(statement.node) for statement in code):
        return _broken(text, entry_point)
    if len(code) == len(statements) and parsed(text) is not None:
        return text  # with its comments
    joined = "\n\n".join(statement.text for statement in code)
    if _defines(joined, entry_point):
        return joined
    return _broken(text, entry_point) or joined


def _continuation(text: str, entry_point: str | None, prompt: str) -> str | None:
    """The prompt with what goes on where it ended: an indented body, up to the first line that is none of it."""
    lines = lines_of(text)
    first = next((line for line in lines if line.strip()), "")
    if not first[:1].isspace() or not _mentions(prompt, entry_point) or _mentions(text, entry_point):
        return None
    body = []
    for line in lines:
        if line.strip() and not line[:1].isspace():
            break
        body.append(line)
    return prompt.rstrip("\n") + "\n" + "\n".join(body) + "\n"


def _broken(text: str, entry_point: str | None) -> str | None:
    """From the definition of the entry point on, where the text has one that does not compile."""
    if entry_point is None:
        return None
    lines = lines_of(text)
    at = next((number for number, line in enumerate(lines) if _head_of(entry_point).match(line)), None)
    return None if at is None else "\n".join(lines[at:])


def _head_of(entry_point: str) -> re.Pattern[str]:
    return re.compile(rf"(async[ \t]+)?def[ \t]+{re.escape(entry_point)}[ \t]*\(")


def _defines(text: str, entry_point: str | None) -> bool:
    """Whether the text is Python that binds the entry point; or that binds anything, where there is none."""
    tree = parsed(text)
    if tree is None:
        return False
    return any(_binds(node, entry_point) for node in tree.body)


def _binds(node: ast.stmt, name: str | None) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return name in (None, node.name)
        case ast.Assign(targets=targets):
            return any(isinstance(target, ast.Name) and name in (None, target.id) for target in targets)
    return False


def _mentions(text: str, entry_point: str | None) -> bool:
    return entry_point is not None and _head_of(entry_point).search(text) is not None


def _is_text(node: ast.stmt) -> bool:
    """A docstring, at the head of a program."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
