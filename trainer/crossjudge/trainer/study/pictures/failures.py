"""Where each selector fails: problems × selectors."""

from typing import TYPE_CHECKING

import numpy as np

from crossjudge.trainer.picture_frame import new_figure, plain
from crossjudge.trainer.study.field import Field

from .dots import rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = "cividis"  # from dark (all wrong) to light (all right), the same for colour-blind eyes


def failures(field: Field) -> "Figure":
    """Share of right ones in each selector's choice, problem by problem; problems sorted by their share of right ones.

    A problem without any right solution, where nobody can be right, is crossed out.
    """
    labels = ["random", *(label for label in rules(field) if not field.entries[label].contestant.options)]
    labels = [label for label in labels if label in field.entries]
    shares = np.array([each.share_right for each in field.problems])
    order = np.argsort(shares, kind="stable")
    table = np.array([field.picks(label)[order] for label in labels])
    table[:, shares[order] == 0] = np.nan
    figure = new_figure(10.5, 1.5 + 0.27 * len(labels))
    axes = figure.subplots()
    picture = axes.imshow(table, aspect="auto", cmap=_COLOURS, vmin=0, vmax=1, interpolation="nearest")
    hopeless = int((shares == 0).sum())
    if hopeless:
        axes.axvspan(-0.5, hopeless - 0.5, facecolor="#DDDDDD", edgecolor="#999999", hatch="xx", linewidth=0)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlabel("problems, from those with no right solution (crossed out) to those with the most", fontsize=9)
    plain(axes, "share of right solutions in each selector's choice")
    figure.colorbar(picture, ax=axes, fraction=0.02, pad=0.01).ax.tick_params(labelsize=8)
    return figure
