"""The closed sets of words a judgement is made of. Knows nothing of how they are reached."""

from enum import StrEnum


class Verdict(StrEnum):
    """What became of one cell; its value is the letter that stands in a passing matrix."""

    PASSED = "P"
    FAILED = "F"
    ERROR = "E"
    TIMEOUT = "T"
    MEMORY = "M"
    CRASHED = "C"
    SKIPPED = "S"
    NOT_JUDGED = "X"

    @property
    def is_scored(self) -> bool:
        """False for cells that say nothing about the program: those not asked for and those that we failed to judge."""
        return self not in (Verdict.SKIPPED, Verdict.NOT_JUDGED)


class SourceStatus(StrEnum):
    """What can be said of a solution or a test by itself, before any verdict on a cell."""

    OK = "ok"
    SYNTAX_ERROR = "syntax_error"
    """It does not compile."""
    TOO_LARGE = "too_large"
    """It is over the source limit and was never run."""
    LOAD_ERROR = "load_error"
    """It compiles, but running its top level raised, exited, crashed or ran into a limit."""
    NO_ENTRY_POINT = "no_entry_point"
    """It loads, but does not define the entry point."""
    NOT_RUN = "not_run"
    """No cell of it was judged: none was asked for, or the batch was cancelled first."""


class BatchState(StrEnum):
    """Where a batch stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """True once nothing about the batch will change any more."""
        return self in (BatchState.DONE, BatchState.CANCELLED, BatchState.FAILED)


class Isolation(StrEnum):
    """Whether a solution and a test may share an interpreter."""

    SPLIT = "split"
    SHARED = "shared"
    AUTO = "auto"


class Detail(StrEnum):
    """What an answer carries for each cell beside its letter."""

    MESSAGES = "messages"
    TIMINGS = "timings"
    STDOUT = "stdout"
    OUTPUTS = "outputs"
