"""One passing matrix in a terminal, in colour; the letters say the same where there is none."""

from rich.console import Group, RenderableType
from rich.text import Text

from crossjudge.contracts import ProblemResult

from .palette import NAMES, STYLES

MOST_ROWS = 40
MOST_COLUMNS = 100


def matrix(
    result: ProblemResult,
    *,
    solutions: list[str] | None = None,
    most_rows: int = MOST_ROWS,
    most_columns: int = MOST_COLUMNS,
) -> RenderableType:
    """The matrix under its problem's id, a line a solution. `solutions` are words to stand beside the rows.

    What is over `most_rows` or `most_columns` is counted, not shown.
    """
    height, width = len(result.solutions), len(result.tests)
    lines = [Text.assemble((result.id, "bold"), f"  {height} solutions × {width} tests")]
    if not height or not width:
        return Group(*lines, Text("  nothing to judge", style="dim"))
    for row in range(min(height, most_rows)):
        beside = solutions[row] if solutions is not None and row < len(solutions) else ""
        lines.append(_row(row, result.matrix[row], result, beside, most_columns))
    if height > most_rows:
        lines.append(Text(f"       … and {height - most_rows} more solutions", style="dim"))
    return Group(*lines)


def _row(number: int, letters: str, result: ProblemResult, beside: str, most_columns: int) -> Text:
    line = Text(f"  {number:>3}  ", no_wrap=True, overflow="ellipsis")
    for letter in letters[:most_columns]:
        line.append(f"{letter} " if len(letters) <= most_columns // 2 else letter, STYLES.get(letter))
    if len(letters) > most_columns:
        line.append(f" … {len(letters) - most_columns} more", "dim")
    status = result.solutions[number].status
    for word in (beside, status.replace("_", " ") if status != "ok" else ""):
        if word:
            line.append(f"  {word}", "dim")
    return line


def legend(letters: str = "PFETMCSX") -> Text:
    """Those of the verdicts that occur in `letters`, with their names, in their colours."""
    present = [letter for letter in NAMES if letter in letters]
    parts = [part for letter in present for part in ((f" {letter} ", STYLES[letter]), f" {NAMES[letter]}  ")]
    return Text.assemble(*parts)
