"""UCoder's bound beside what was drawn: independent wrong solutions on the left, such that copy on the right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossjudge.trainer.picture_frame import GREY, STYLES, new_figure, plain
from crossjudge.trainer.study.theorem import COPYING, INDEPENDENT, Crowd, Held

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def theorem_picture(held: Sequence[Held]) -> "Figure":
    """How often the largest cluster is right by the number of tests, drawn as points, promised as dotted lines."""
    by_crowd = {each.crowd: each for each in held}
    figure = new_figure(10.0, 4.4)
    left, right = figure.subplots(1, 2, sharey=True)
    _lines(left, by_crowd, INDEPENDENT, "{0.passing:.0%} of the tests passed", with_bounds=True)
    _lines(right, by_crowd, COPYING, "{0.copying:.0%} copy", with_bounds=False)
    promised = by_crowd[COPYING[0]]
    right.plot(promised.sizes, promised.bounds, color=GREY, linestyle=":", linewidth=2, label="bound")
    plain(left, "wrong solutions are independent (dotted: the bound)")
    plain(right, f"some wrong solutions copy one ({COPYING[0].passing:.0%} of the tests passed)")
    left.set_ylabel(
        f"largest cluster is right ({promised.crowd.right:.0%} of {promised.crowd.solutions} solutions are)", fontsize=9
    )
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(promised.sizes, [str(size) for size in promised.sizes])
        axes.minorticks_off()
        axes.set_ylim(-0.02, 1.04)
        axes.grid(color="#EEEEEE")
        axes.set_xlabel("tests", fontsize=9)
    left.legend(loc=(0.01, 0.05), fontsize=8, frameon=False)
    right.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)
    return figure


def _lines(axes: "Axes", held: dict[Crowd, Held], crowds: Sequence[Crowd], label: str, with_bounds: bool) -> None:
    for crowd, (colour, _, marker) in zip(crowds, STYLES, strict=False):
        each = held[crowd]
        axes.errorbar(
            each.sizes, each.shares, yerr=each.errors, color=colour, marker=marker, markersize=4, linewidth=1.4,
            elinewidth=0.6, label=label.format(crowd),
        )  # fmt: skip
        if with_bounds:
            axes.plot(each.sizes, each.bounds, color=colour, linestyle=":", linewidth=2)
