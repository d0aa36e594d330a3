"""What can be wrong with the files that a training starts from.

DataError (ValueError)
├── BadProblems         a problem file: which line, what is wrong there, what to change
└── BadTemplate         a prompt template
"""


class DataError(ValueError):
    """Root of what this package raises for bad input; its text says what was wrong, where, and what to do."""


class BadProblems(DataError):
    """A problem file cannot be read, or some of its lines are no problems."""


class BadTemplate(DataError):
    """A prompt template cannot be read, or has not the placeholders that it needs."""
