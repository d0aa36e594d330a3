"""What can be wrong with what a selector is given.

SelectorError (ValueError)
├── BadMatrix           a matrix, or what was said of its solutions and tests
├── BadOption           an option that a selector does not have, or a value that it cannot take
├── BadState            a saved state of something else, or one that was damaged
└── UnknownSelector     no selector of that name
"""


class SelectorError(ValueError):
    """Root of what this package raises for bad input; its text says what to change."""


class BadMatrix(SelectorError):
    """A passing matrix, or what was given beside it, does not fit together.

    Attributes: `problem`, the id; `line`, the line of the file that it was read from, where it was one.
    """

    def __init__(self, detail: str, problem: str | None = None, line: int | None = None) -> None:
        self.detail, self.problem, self.line = detail, problem, line
        where = [f"line {line}"] if line is not None else []
        where += [f"problem {problem!r}"] if problem is not None else []
        super().__init__(f"{', '.join(where)}: {detail}" if where else detail)


class BadOption(SelectorError):
    """An option of a selector is unknown, or its value lies outside of what it can be."""


class BadState(SelectorError):
    """A saved state is of something else, or was damaged."""


class UnknownSelector(SelectorError):
    """There is no selector of that name."""
