"""The Python client of crossjudge: solutions and tests in, passing matrices out. This is its public door.

Names are loaded when they are first asked for, so that the command line, which lives beside them, starts without
numpy and without an HTTP library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossjudge.contracts import (
        AssertTest,
        BatchState,
        BatchStatus,
        CallTest,
        Detail,
        GroupProblem,
        Isolation,
        Limits,
        Problem,
        ProblemResult,
        PytestTest,
        Reward,
        SampleAnswer,
        StdioTest,
        Verdict,
    )

    from ._async import AsyncClient
    from ._retry import Patience
    from ._sync import Client
    from .errors import (
        AuthError,
        BatchCancelled,
        BatchError,
        BatchFailed,
        Conflict,
        ConnectionFailed,
        CrossjudgeError,
        InvalidRequest,
        InvalidSettings,
        NotFound,
        ProtocolError,
        QuotaExceeded,
        ServiceError,
        ServiceUnavailable,
        TooLarge,
        WaitTimeout,
    )
    from .grid import Grid

__all__ = [
    "AssertTest",
    "AsyncClient",
    "AuthError",
    "BatchCancelled",
    "BatchError",
    "BatchFailed",
    "BatchState",
    "BatchStatus",
    "CallTest",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "CrossjudgeError",
    "Detail",
    "Grid",
    "GroupProblem",
    "InvalidRequest",
    "InvalidSettings",
    "Isolation",
    "Limits",
    "NotFound",
    "Patience",
    "Problem",
    "ProblemResult",
    "ProtocolError",
    "PytestTest",
    "QuotaExceeded",
    "Reward",
    "SampleAnswer",
    "ServiceError",
    "ServiceUnavailable",
    "StdioTest",
    "TooLarge",
    "Verdict",
    "WaitTimeout",
]

_CONTRACTS = {"AssertTest", "BatchState", "BatchStatus", "CallTest", "Detail", "Isolation", "Limits"} | {
    "GroupProblem", "Problem", "ProblemResult", "PytestTest", "Reward", "SampleAnswer", "StdioTest", "Verdict"
}  # fmt: skip
_OWN = {"AsyncClient": "_async", "Client": "_sync", "Grid": "grid", "Patience": "_retry"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "crossjudge.contracts" if name in _CONTRACTS else f"{__name__}.{_OWN.get(name, 'errors')}"
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
