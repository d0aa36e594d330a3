"""What a mutant is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A program with one small change: its text, and what was changed where."""

    source: str
    operator: str
    """The name of the family that the change is of, as in `OPERATORS`."""
    line: int
    """From 1, of the original; a deleted statement leaves `pass`, so that the mutant's lines are the same."""
    before: str
    after: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.operator}: {self.before} → {self.after}"
