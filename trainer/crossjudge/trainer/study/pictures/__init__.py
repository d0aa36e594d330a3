"""The study as pictures. matplotlib is imported only when one is drawn."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crossjudge.trainer.picture_frame import save_small
from crossjudge.trainer.study.parts import Part
from crossjudge.trainer.study.worlds import REGIMES

from .dots import belief_beside_truth, dot_plot
from .failures import failures
from .lines import by_number_of_tests, course_picture
from .reliability import reliability_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BENIGN, COLLUSIVE = REGIMES[2].name, REGIMES[3].name


def pictures(part: Part) -> "Iterator[tuple[str, Figure]]":
    """Each picture of a part with the name of its file."""
    fields = part.fields
    if part.inventory is not None:
        everything = fields["all problems"]
        yield "pick", dot_plot({name: field for name, field in fields.items() if name != "with right and wrong"})
        yield "reliability", reliability_picture(everything)
        yield "failures", failures(everything)
    else:
        yield "pick", dot_plot(fields)
        first = next(iter(fields.values()))
        yield "reliability", reliability_picture(first)
    if part.curves:
        yield "tests", by_number_of_tests(part.curves)
    if {BENIGN, COLLUSIVE} <= fields.keys():
        yield "collusive", belief_beside_truth([fields[BENIGN], fields[COLLUSIVE]])
    if part.course is not None:
        yield "course", course_picture(part.course)


def save(part: Part, folder: Path) -> list[Path]:
    """`<part>-<picture>.png` for each."""
    return [save_small(figure, folder / f"{part.name}-{name}.png") for name, figure in pictures(part)]
