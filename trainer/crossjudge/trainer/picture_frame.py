"""What the trainer's pictures share: colours that colour-blind people tell apart, plain axes, small files."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours.
BLUE, ORANGE, GREEN, RED, SKY, PINK, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442",
)  # fmt: skip
GREY, BLACK = "#888888", "#000000"
_COLOURS = 96
STYLES = [
    (colour, dash, marker)
    for dash, markers in (("-", "osD^v"), ("--", "PX*<>"), (":", "hpd8H"))
    for colour, marker in zip((BLUE, RED, GREEN, PINK, BLACK), markers, strict=True)
]
"""Colour, line and marker of each line: no two have all three in common."""


def new_figure(width: float, height: float) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain(axes: "Axes", title: str, size: float = 10) -> None:
    axes.set_title(title, fontsize=size, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def save_small(figure: "Figure", path: Path) -> Path:
    """A PNG in few colours: a picture that documentation shows should be small."""
    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, dpi=150)
    Image.open(drawn).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
    return path
