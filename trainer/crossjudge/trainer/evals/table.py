"""Results as a table: a row for each pair of models, a column for each figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

HEADINGS = {
    "tests/per_reply": "tests a reply",
    "tests/valid": "tests right",
    "tests/unique_frac": "tests unique",
    "tests/kill": "kill rate",
    "tests/mutation_score": "mutation score",
}


def table_of(lines: Sequence[Mapping[str, Any]]) -> Table:
    """Each figure with its standard error, where it has one; a dash where nothing is known."""
    names = list(dict.fromkeys(name for line in lines for name in line["figures"]))
    table = Table("step", show_edge=False, box=None)
    for name in names:
        table.add_column(Text(HEADINGS.get(name, name)), justify="right")
    for line in lines:
        table.add_row(Text(str(line["checkpoint"])), *(Text(_shown(line, name)) for name in names))
    return table


def _shown(line: Mapping[str, Any], name: str) -> str:
    value, error = line["figures"].get(name), line["errors"].get(name)
    if value is None:
        return "–"
    return f"{value:.3f}" + ("" if error is None else f" ±{error:.3f}")
