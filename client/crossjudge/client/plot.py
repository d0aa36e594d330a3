"""Passing matrices as pictures: small heatmaps side by side. Imports matplotlib only when it draws."""

import math
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crossjudge.contracts import ProblemResult, Verdict

from .errors import CommandError
from .palette import COLOURS, NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PER_PICTURE = 100
"""More heatmaps than that on one picture are too small to read."""
MOST_PICTURES = 10
FORMATS = (".png", ".pdf", ".svg")

_LETTERS = [verdict.value for verdict in Verdict]


def check_can_draw(path: Path) -> None:
    """Raises `CommandError` where a picture could not be saved there: better before the judging than after it."""
    if find_spec("matplotlib") is None:
        raise CommandError("drawing needs matplotlib, which is not installed: pip install 'crossjudge[plot]'")
    if path.suffix.lower() not in FORMATS:
        raise CommandError(f"{path}: a picture's name ends in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise CommandError(f"{path}: there is no folder {path.parent}")


def draw(results: Sequence[ProblemResult], path: Path, title: str = "Passing matrices") -> list[Path]:
    """Save the heatmaps of the results, in their order; returns the pictures' paths.

    Up to `PER_PICTURE` stand on one picture; more go to `NAME-2.png` and so on, up to `MOST_PICTURES` of them.
    """
    check_can_draw(path)
    pages = [results[at : at + PER_PICTURE] for at in range(0, len(results), PER_PICTURE)][:MOST_PICTURES] or [[]]
    saved = []
    for number, page in enumerate(pages, 1):
        place = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        heading = title if len(pages) == 1 else f"{title}, picture {number} of {len(pages)}"
        if number == len(pages) and len(results) > PER_PICTURE * MOST_PICTURES:
            heading += f" (the first {PER_PICTURE * MOST_PICTURES:,} of {len(results):,} problems)"
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # an id in a script without a font
            _picture(page, heading).savefig(place, dpi=150)
        saved.append(place)
    return saved


def _picture(results: Sequence[ProblemResult], title: str) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max(1, min(len(results), math.ceil(math.sqrt(1.3 * len(results)))))
    rows = max(1, math.ceil(len(results) / columns))
    side = 5.0 if columns == 1 else max(1.35, min(3.2, 13.0 / columns))  # inches of one heatmap with its title
    width, height = max(6.5, columns * side), rows * side + 1.3
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    present = {letter for result in results for row in result.matrix for letter in row}
    size = max(5.5, min(10.0, 3.2 * side))
    for at, result in enumerate(results):
        axes = figure.add_subplot(rows, columns, at + 1)
        _heatmap(axes, result, size, is_large=side >= 2.5)
    top, bottom = 1 - 0.75 / height, 0.7 / height
    figure.subplots_adjust(
        left=0.45 / width, right=1 - 0.15 / width, top=top, bottom=bottom, wspace=0.22, hspace=0.1 + size / 24 / side
    )
    _frame(figure, title, present, height)
    return figure


def _heatmap(axes: "Axes", result: ProblemResult, size: float, is_large: bool) -> None:
    height, width = len(result.solutions), len(result.tests)
    label = _label(result.id)
    axes.set_title(
        f"{label}\n{height}×{width}" if not is_large else f"{label}: {height} × {width}", fontsize=size, pad=2
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(linewidth=0.4, color="#888888")
    if not height or not width:
        axes.text(0.5, 0.5, "nothing\nto judge", ha="center", va="center", fontsize=size, color="#666666")
        axes.set_aspect("equal", adjustable="box")
        return
    # Every heatmap fills its place: cells need not be square for the pattern to be seen.
    axes.imshow(_pixels(result), aspect="auto", interpolation="nearest" if is_large else "antialiased")
    if is_large:
        axes.set_xlabel("tests", fontsize=size, labelpad=2)
        axes.set_ylabel("solutions", fontsize=size, labelpad=2)
        if height * width <= 300:
            _write_letters(axes, result, size)
            axes.set_xticks([at - 0.5 for at in range(1, width)], minor=True)
            axes.set_yticks([at - 0.5 for at in range(1, height)], minor=True)
            axes.grid(which="minor", color="white", linewidth=0.6)
            axes.tick_params(which="both", length=0)


def _label(name: str) -> str:
    """The id, its middle left out where it is long: the ends are what tells ids apart. Never read as a formula."""
    printable = "".join(c if c.isprintable() else "?" for c in name).replace("$", r"\$")
    return printable if len(printable) <= 22 else f"{printable[:10]}…{printable[-11:]}"


def _pixels(result: ProblemResult) -> Any:
    """(solutions, tests, 3) bytes of colour."""
    colours = np.array([_rgb(COLOURS[letter]) for letter in _LETTERS], dtype=np.uint8)
    numbers = [[_LETTERS.index(letter) for letter in row] for row in result.matrix]
    return colours[np.array(numbers)]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _write_letters(axes: "Axes", result: ProblemResult, size: float) -> None:
    for i, row in enumerate(result.matrix):
        for j, letter in enumerate(row):
            dark = letter in (Verdict.CRASHED, Verdict.ERROR, Verdict.PASSED)
            axes.text(j, i, letter, ha="center", va="center", fontsize=size - 2, color="white" if dark else "black")


def _frame(figure: "Figure", title: str, present: set[str], height: float) -> None:
    """Title above, legend below: the letters that occur, with their names."""
    from matplotlib.patches import Patch

    figure.text(0.5, 1 - 0.12 / height, title, ha="center", va="top", fontsize=12)
    figure.text(0.5, 1 - 0.32 / height, "rows: solutions, columns: tests", ha="center", va="top", fontsize=8)
    shown = [letter for letter in _LETTERS if letter in present]
    patches = [
        Patch(facecolor=COLOURS[letter], edgecolor="#666666", linewidth=0.5, label=f"{letter} {NAMES[letter]}")
        for letter in shown
    ]
    if patches:
        most = max(1, int(figure.get_figwidth() / 1.3))  # entries that stand side by side
        figure.legend(handles=patches, loc="lower center", ncols=min(len(patches), most), fontsize=8, frameon=False)
