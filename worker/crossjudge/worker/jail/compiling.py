"""Turning source text into code, in a process of its own: the compiler can be made to crash, hang or eat memory.

The task holds `sources`, a list of `(file name, text, flags of the prelude)`; each is answered in order by a frame with
a JSON line and the marshalled code, so that what was compiled before a crash still counts. It says `status`, `message`
and `flags`; of a test its `plan`, where it is literal, what it `needs`, and what it `takes` (see `stateless.takes_of`).
Where the task holds a `prelude_text`, it also says what the solution `imports`, which is None where it is not provably
stateless after that prelude. If it is, and the task says what is `then` to be done, this very process does what
`answering.run_together` does.
"""

import __future__

import ast
import functools
import json
import marshal
import operator
import os
import warnings
from typing import Any

from . import frames, needing, noting, solution
from .literal import answering, planning, stateless
from .report import Report

_FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


def run(task: dict[str, Any], report: Report) -> None:
    """Compile every source of the task."""
    warnings.simplefilter("ignore")
    for name, text, flags in task["sources"]:
        answer, code = _compile(name, text, flags)
        then = task["then"]
        if task["prelude_text"] is not None and code:
            answer["imports"] = _sorted(stateless.imports_of([task["prelude_text"], text]))
        frames.write_frame(4, json.dumps(answer).encode("ascii") + b"\n" + code)
        if then is not None and answer.get("imports") is not None:
            frames.write_all(4, b"\n")
            answering.run_together(then | {"solution": code}, report)
    os._exit(0)


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _compile(name: str, text: str, flags: int) -> tuple[dict[str, Any], bytes]:
    if not text.strip():
        return {"status": "syntax_error", "message": "the source is empty"}, b""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return {"status": "syntax_error", "message": f"line {line}: the source holds a NUL byte"}, b""
    try:
        code = compile(text.removeprefix("\ufeff"), name, "exec", flags=flags, dont_inherit=True, optimize=0)
    except SyntaxError as error:
        place = f"line {error.lineno}: " if error.lineno else ""
        return {"status": "syntax_error", "message": f"{place}{type(error).__name__}: {error.msg}"}, b""
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return {"status": "syntax_error", "message": f"line {line}: the source holds a lone surrogate"}, b""
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return {"status": "syntax_error", "message": f"cannot be compiled: {type(error).__name__}: {error}"}, b""
    answer = {"status": "ok", "message": None, "flags": code.co_flags & _FUTURE}
    if name == solution.TEST_FILE:
        answer["plan"] = planning.plan(text, name)
        tree = ast.parse(text.removeprefix("\ufeff"))
        answer["needs"] = needing.reason(tree)
        answer["takes"] = _sorted(stateless.takes_of(text)) if answer["plan"] is None else None
        code = compile(noting.Noting().visit(tree), name, "exec", flags=flags, dont_inherit=True, optimize=0)
    return answer, marshal.dumps(code)
