"""What an ordinary interpreter says of a cell: the solution is run, then the test, in one process without any walls.

Run as a script: cases as JSON on standard input, their verdicts as JSON on standard output. Each runs in a fork, in an
empty folder.
"""

import json
import linecache
import os
import signal
import sys
import tempfile
import traceback
import types
from pathlib import Path
from typing import Any, NoReturn

_SECONDS = 60  # nothing here takes long; a cell that hangs is ended


def main() -> None:
    """Judge what stands on standard input."""
    cells = json.load(sys.stdin)
    if any(cell["test"]["kind"] == "pytest" for cell in cells):
        import pytest  # noqa: F401  # once for all forks
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what else is installed is no business of the cells
    json.dump([_verdict(**cell) for cell in cells], sys.stdout)


def _verdict(solution: str, test: dict[str, Any], entry_point: str | None) -> list[str]:
    """The letter, and what the cell printed."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as printed:
        pid = os.fork()
        if pid == 0:
            os.chdir(folder)
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            signal.alarm(_SECONDS)
            _run(solution, test, entry_point)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        printed.seek(0)
        text = printed.read().decode("utf-8", "replace")
    if test["kind"] == "stdio" and status == 0:
        status = int(text.split() != test["stdout"].split())
    return [{0: "P", 1: "F"}.get(status, "E"), text[-1000:]]


def _run(solution: str, test: dict[str, Any], entry_point: str | None) -> NoReturn:
    status = 2
    try:
        status = _RUNNERS[test["kind"]](solution, test, entry_point)
    except AssertionError:
        traceback.print_exc()
        status = 1
    except SystemExit as end:  # unittest.main() leaves so
        status = int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run_assert(solution: str, test: dict[str, Any], _: str | None) -> int:
    names = _load("solution", "solution.py", solution).__dict__
    _load("__main__", "test.py", test["code"], {k: v for k, v in names.items() if not k.startswith("__")})
    return 0


def _run_call(solution: str, test: dict[str, Any], entry_point: str | None) -> int:
    found: Any = _load("solution", "solution.py", solution)
    for name in str(entry_point).split("."):
        found = getattr(found() if isinstance(found, type) else found, name)
    returned = found(*test.get("args", []), **test.get("kwargs", {}))
    near = test.get("tolerance")
    if near is not None:
        return int(abs(returned - test["expected"]) > near)
    return int(json.loads(json.dumps(returned)) != test["expected"])


def _run_stdio(solution: str, test: dict[str, Any], _: str | None) -> int:
    with tempfile.TemporaryFile() as source:
        source.write(test["stdin"].encode())
        source.seek(0)
        os.dup2(source.fileno(), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # the parent's is at its end
    try:
        _load("__main__", "solution.py", solution)
    except SystemExit as end:
        return 2 if end.code else 0
    return 0


def _run_pytest(solution: str, test: dict[str, Any], _: str | None) -> int:
    import pytest

    Path("solution.py").write_text(solution, "utf-8")
    names = "import solution\nglobals().update({k: v for k, v in vars(solution).items() if k[:2] != '__'})\n"
    Path("test_cell.py").write_text(names + test["code"], "utf-8")
    sys.path.insert(0, "")
    return int(pytest.main(["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=.", "test_cell.py"]))


_RUNNERS = {"assert": _run_assert, "call": _run_call, "stdio": _run_stdio, "pytest": _run_pytest}


def _load(name: str, file: str, text: str, names: dict[str, Any] | None = None) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = file
    module.__dict__.update(names or {})
    sys.modules[name] = module
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    return module


if __name__ == "__main__":
    main()
