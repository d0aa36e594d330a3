"""The reference: solution and test in one ordinary interpreter, and the contract's letter for what came of it.

Run as a script, it answers one JSON line each: `{"solution", "test"}` with `{"letter", "message"}`, from a fork of its
own; with `"expression"` too, it says what that expression is worth after the test's lines, in this very process. It
shares no line with the worker, whose strategies are held against it, and trusts what it runs.
"""

import builtins
import contextlib
import functools
import io
import json
import linecache
import os
import resource
import signal
import sys
import traceback
import types
import warnings
from typing import Any

Query = dict[str, Any]
_CPU_SECONDS, _SECONDS = 2, 20
_OURS = ("solution.py", "test.py")


def serve(requests: Any, answers: Any) -> None:
    """Answer until the requests end."""
    for line in requests:
        query = json.loads(line)
        answer = value_of(query) if "expression" in query else letter_of(query)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def letter_of(query: Query) -> Query:
    """P, F or E, from a process of its own: the fork says how it went, and only just before its end."""
    reading, writing = os.pipe()
    with contextlib.suppress(SyntaxError):  # compiled here, a text is compiled once for all the forks that run it
        _compiled(query["solution"], "solution.py")
    pid = os.fork()
    if pid == 0:
        signal.alarm(_SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        try:
            os.write(writing, json.dumps(_judge(query)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        answer = said.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):  # no honest pair comes to this, but one of which a part is left out may
        return {"letter": "T", "message": f"ended by signal {os.WTERMSIG(status)}"}
    return json.loads(answer) if answer else {"letter": "E", "message": "ended early"}


def _judge(query: Query) -> Query:
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    try:
        names = _load(query["solution"])
    except BaseException as error:
        return {"letter": "E", "message": _show(error)}
    try:
        _run(query["test"], names)
    except SystemExit as error:
        is_unittest = _frames(error)[-1].f_globals.get("__name__") == "unittest.main"
        letter = ("F" if error.code else "P") if is_unittest else "E"
        return {"letter": letter, "message": _show(error)}
    except AssertionError as error:
        ours = [frame.f_code.co_filename for frame in _frames(error) if frame.f_code.co_filename in _OURS]
        return {"letter": "F" if ours[-1] == "test.py" else "E", "message": _show(error)}
    except BaseException as error:
        return {"letter": "E", "message": _show(error)}
    return {"letter": "P", "message": ""}


def _load(text: str) -> dict[str, Any]:
    """The solution's names as a test sees them."""
    module = sys.modules["solution"] = types.ModuleType("solution")
    linecache.cache["solution.py"] = (len(text), None, text.splitlines(keepends=True), "solution.py")
    exec(_compiled(text, "solution.py"), module.__dict__)
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


def _run(text: str, names: dict[str, Any]) -> dict[str, Any]:
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__dict__.update(names)
    linecache.cache["test.py"] = (len(text), None, text.splitlines(keepends=True), "test.py")
    exec(_compiled(text, "test.py"), main.__dict__)
    return main.__dict__


@functools.lru_cache(500)
def _compiled(text: str, name: str) -> types.CodeType:
    return compile(text, name, "exec", dont_inherit=True)


def _frames(error: BaseException) -> list[types.FrameType]:
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)]


def _show(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-1500:]


def value_of(query: Query) -> Query:
    """What the expression is worth: a literal where it is plain data, how it looks, or what it raises."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            names = _run(query["test"], _load(query["solution"]))
        except BaseException as error:
            return {"broken": _show(error)}
        try:
            value = eval(query["expression"], names)
            return _described(value, str(value), repr(value))
        except BaseException as error:  # SystemExit among them
            named = next(kind.__name__ for kind in type(error).__mro__ if _is_named(kind, names))
            args = literal_of(error.args)
            return {"raised": named, "type": type(error).__name__, "text": str(error), "args": args}


def _is_named(kind: type, names: dict[str, Any]) -> bool:
    """Whether a test can call the class by its own name."""
    return names.get(kind.__name__, getattr(builtins, kind.__name__, None)) is kind


def _described(value: Any, text: str, looks: str) -> Query:
    is_stable = " at 0x" not in looks and " at 0x" not in text
    return {
        "type": type(value).__name__,
        "literal": literal_of(value),
        "looks": looks if is_stable and not _has_sets(value) else None,
        "text": text if is_stable and not _has_sets(value) else None,
    }


def literal_of(value: Any) -> str | None:
    """The value as an expression of its own built-in type, the same whenever it is asked; None where it has none."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        items = [literal_of(item) for item in value]
        return None if None in items else _brackets(kind, [item for item in items if item is not None])
    if kind is dict:
        pairs = [(literal_of(key), literal_of(item)) for key, item in value.items()]
        text = ", ".join(f"{key}: {item}" for key, item in pairs)
        return None if any(None in pair for pair in pairs) else f"{{{text}}}"
    if kind is float or kind is complex:
        return None if "n" in repr(value) else repr(value)  # nan, inf
    return repr(value) if kind in (int, str, bytes, bytearray, bool, type(None), range) else None


def _brackets(kind: type, items: list[str]) -> str:
    if kind is list:
        return f"[{', '.join(items)}]"
    if kind is tuple:
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    text = ", ".join(sorted(items))  # what a set shows first is nothing to rely on
    if kind is set:
        return f"{{{text}}}" if items else "set()"
    return f"frozenset({{{text}}})" if items else "frozenset()"


def _has_sets(value: Any) -> bool:
    """Whether it shows the order of a set, which no honest test relies on."""
    if isinstance(value, (set, frozenset)):
        return len(value) > 1
    if isinstance(value, dict):
        return any(map(_has_sets, value)) or any(map(_has_sets, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_sets, value))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with os.fdopen(os.dup(0)) as requests, os.fdopen(os.dup(1), "w") as answers:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        serve(requests, answers)
