"""The reference interpreter as a process beside the tests: see `plain_interpreter`, which it runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

_SCRIPT = Path(__file__).parent / "plain_interpreter.py"
_FLAGS = ["-s", "-S", "-P", "-B", "-X", "utf8"]  # as in the jail; -I would leave the hash seed aside
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin", "TZ": "UTC", "LANG": "C.UTF-8"}


class Reference:
    """A plain interpreter that judges pairs and evaluates expressions; asked once for what is asked again."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, *_FLAGS, str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_ENVIRONMENT,
            text=True,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def letter(self, solution: str, test: str) -> tuple[str, str]:
        """The letter that the contract gives, and why."""
        answer = self._ask(solution=solution, test=test)
        return answer["letter"], answer["message"]

    def value(self, solution: str, test: str, expression: str) -> dict[str, Any]:
        """What the expression is worth after the test's lines; see `plain_interpreter.value_of`."""
        return self._ask(solution=solution, test=test, expression=expression)

    def _ask(self, **query: str) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        line = json.dumps(query)
        if line not in self._answers:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            self._answers[line] = json.loads(self._process.stdout.readline())
        return self._answers[line]
