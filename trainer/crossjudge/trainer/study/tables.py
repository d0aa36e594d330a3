"""The parts of the study as tables: on a terminal, and as Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from .field import Field
from .parts import Part
from .resampling import Estimate
from .scores import FIGURES

_MAIN = ("pick", "pick_of_copies", "trusted_pick", "abstained", "recall", "precision", "test_precision")
_SCORES = ("auc", "pooled_auc", "test_auc", "brier", "calibration", "test_brier", "test_calibration")
TITLES = {
    "b4": "B4's simulated experiment",
    "weak": "Tests mostly passed by the wrong",
    "noisy": "Wrong tests often passed",
    "early": "Early in a training",
    "mid": "In the middle of a training",
    "late": "Late in a training",
    "collusive": "Collusive: the wrong ones agree",
    "all problems": "All problems",
    "with a right solution": "Problems with a right solution",
    "with right and wrong": "Problems with right and with wrong solutions",
}


@dataclass(frozen=True)
class Sheet:
    """One table, before anybody has drawn it."""

    title: str
    headings: list[str]
    rows: list[list[str | Estimate]]


def sheets(part: Part) -> Iterator[Sheet]:
    """The tables of a part, in the order in which they are read."""
    if part.inventory is not None:
        counts = part.inventory.counts
        yield Sheet("What the data hold", ["what", "number"], [[name, f"{counts[name]:,}"] for name in counts])
    if len(part.fields) > 1 and part.inventory is None:
        yield _side_by_side(part)
    for name, field in part.fields.items():
        yield _figures(field, TITLES.get(name, name), _MAIN)
        yield _figures(field, f"{TITLES.get(name, name)}: the scores", _SCORES)
    if part.validated:
        yield _validation(part)
    if part.curves:
        yield _by_tests(part)
    if part.theorem:
        yield _theorem(part)


def _side_by_side(part: Part) -> Sheet:
    """pass@1 of each selector in each world."""
    labels = list(dict.fromkeys(label for field in part.fields.values() for label in field.entries))
    rows: list[list[str | Estimate]] = [
        [label, *(_cell(field, label, "pick") for field in part.fields.values())] for label in labels
    ]
    return Sheet("pass@1 of the pick, world by world", ["selector", *part.fields], rows)


def _figures(field: Field, title: str, figures: tuple[str, ...]) -> Sheet:
    has_copies = any((each.matrix.solution_copies > 1).any() for each in field.problems)
    shown = [each for each in figures if has_copies or each != "pick_of_copies"]
    headings = ["selector", *(FIGURES[each].title for each in shown)]
    rows: list[list[str | Estimate]] = []
    for label in field.entries:
        row: list[str | Estimate] = [label, *(_cell(field, label, each) for each in shown)]
        if "pick" in figures:
            row.append("" if label == field.best else field.difference(label, field.best))
        rows.append(row)
    headings += [f"less {field.best}"] if "pick" in figures else []
    return Sheet(f"{title} ({len(field.problems):,} problems)", headings, rows)


def _cell(field: Field, label: str, figure: str) -> str | Estimate:
    return field.estimate(label, figure) if label in field.entries else ""


def written(cell: str | Estimate) -> str:
    """`0.467 (0.365 to 0.568)`, with a dash where there is no figure."""
    if isinstance(cell, str):
        return cell
    if np.isnan(cell.low) or cell.low == cell.high:
        return brief(cell)
    return f"{cell.value:.3f} ({cell.low:.3f} to {cell.high:.3f})"


def brief(cell: str | Estimate) -> str:
    """The same without the interval."""
    return cell if isinstance(cell, str) else "–" if np.isnan(cell.value) else f"{cell.value:.3f}"


def _validation(part: Part) -> Sheet:
    rows: list[list[str | Estimate]] = [
        [
            each.selector, str(each.settings), each.default, each.validated, each.gain, f"{each.hindsight:.3f}",
            ", ".join(f"{name} {value:g}" for name, value in each.best.items()),
        ]
        for each in part.validated
    ]  # fmt: skip
    headings = ["selector", "settings", "default", "cross-validated", "gain", "best seen afterwards", "which is"]
    return Sheet("pass@1 with free parameters chosen on four fifths, measured on the rest", headings, rows)


def _by_tests(part: Part) -> Sheet:
    sizes = part.curves[0].sizes
    rows: list[list[str | Estimate]] = [
        [curve.label, *(f"{point.value:.3f}" for point in curve.points)] for curve in part.curves
    ]
    return Sheet("pass@1 of the pick by the number of tests", ["selector", *map(str, sizes)], rows)


def _theorem(part: Part) -> Sheet:
    """Of each crowd what was drawn, then what is promised."""
    rows: list[list[str | Estimate]] = []
    for held in part.theorem:
        crowd = held.crowd
        about = [f"{crowd.passing:g}", f"{crowd.copying:g}"]
        rows.append([f"drawn, right: {crowd.right:g}", *about, *(f"{share:.3f}" for share in held.shares)])
        if not crowd.copying:
            rows.append(["bound", *about, *(f"{each:.3f}" for each in held.bounds)])
    headings = ["largest cluster is right", "passing", "copying", *map(str, part.theorem[0].sizes)]
    return Sheet("Theorem 2.4 of UCoder by the number of tests", headings, rows)


def show(part: Part, console: Console) -> None:
    """The tables of choices on a terminal, without some columns and intervals: the files have all."""
    left_out = {FIGURES[each].title for each in ("pick_of_copies", "trusted_pick")}
    for sheet in sheets(part):
        if ": the scores" in sheet.title:
            continue
        shown = [at for at, heading in enumerate(sheet.headings) if heading not in left_out]
        table = Table(title=sheet.title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for at in shown:
            table.add_column(sheet.headings[at], justify="right" if at else "left", no_wrap=at < 2)
        for row in sheet.rows:
            first = next((at for at, cell in enumerate(row) if isinstance(cell, Estimate)), -1)
            table.add_row(*(written(row[at]) if at == first else brief(row[at]) for at in shown))
        console.print(table, "")


def markdown(part: Part) -> str:
    """All tables of a part, with what their headings mean."""
    lines = [f"# Selectors: {part.name}", ""]
    if part.fields:
        lines += ["In brackets: 95 % intervals of a bootstrap over problems. The differences are paired.", ""]
    for sheet in sheets(part):
        lines += [f"## {sheet.title}", "", *rows_of(sheet), ""]
    if part.fields:
        lines += ["## Headings", "", *(f"- **{each.title}**: {each.meaning}" for each in FIGURES.values())]
        lines += ["- **less …**: pass@1 less that of the best rule, which knows no truth", ""]
    if part.inventory is not None and part.inventory.notes:
        lines += ["## Notes", "", *(f"- {note}" for note in part.inventory.notes), ""]
    return "\n".join(lines)


def rows_of(sheet: Sheet) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| " + " | ".join(sheet.headings) + " |"
    yield "| --- |" + " ---: |" * (len(sheet.headings) - 1)
    for row in sheet.rows:
        yield "| " + " | ".join(written(cell).replace("|", "\\|") for cell in row) + " |"
