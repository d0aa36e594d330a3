"""What can go wrong on our side of a judgement. What a program does wrong is a verdict, never an exception.

WorkerError
├── JailError         the sandbox broke or cannot start; the message says what to mend
├── Stopped           a judgement was given up because its `stop` was set
├── Unreadable        what stands in Redis for a chunk is not what this version of the worker understands
└── NotPrepared       a job was called in a process in which no worker has been set up
"""


class WorkerError(Exception):
    """Root of all errors of this package."""


class JailError(WorkerError):
    """Our side of the sandbox broke: it cannot start, or a jail died without a verdict. The message says what to do."""


class Stopped(WorkerError):
    """A judgement was given up before its end, because its batch was cancelled or its lease was lost."""


class Unreadable(WorkerError):
    """What stands in Redis for a chunk is not what this version of the worker understands."""


class NotPrepared(WorkerError):
    """A job was called in a process in which no worker has been set up."""
