"""The page of one run."""

from collections.abc import Sequence

from . import charts, matrices, pieces, samples, timing
from .arms import Arm, curve_of
from .history import History, Series
from .markup import Element, drawing, element, page
from .panels import filled, without_panel
from .text import cut, percent
from .verdict import Tile, tiles

_LONGEST_WORDS = 200
_SPARK = (120, 24)  # pixels
_FIGURES = ("metric", "first", "last", "lowest", "highest", "mean", "")


def of_run(arm: Arm) -> str:
    """The page of the one run of an arm."""
    run = arm.runs[0]
    head = element("dl", map(_tile, tiles(arm)), class_="tiles")
    parts = [
        element("h1", f"Run {run.name}"),
        pieces.notes(run.notes),
        element("section", head, pieces.verdict(arm)),
        pieces.alarms(run.alarms),
        *pieces.sections(charts_of_run(arm), has_legends=True),
        _time(run),
        _matrices(run),
        _others(run),
        pieces.configuration(run),
    ]
    return page(f"Run {run.name}", parts)


def charts_of_run(arm: Arm) -> list[pieces.Drawn]:
    """Each panel that the run has metrics for, as a chart."""
    return [(each, charts.chart_of_run(arm, each)) for each in filled(arm.metrics)]


def _tile(tile: Tile) -> Element:
    return element(
        "div", element("dt", tile.title), element("dd", element("b", tile.figure), element("span", tile.remark)),
        class_="tile alarm" if tile.is_alarm else "tile",
    )  # fmt: skip


def _time(run: History) -> Element | None:
    found = timing.timing_of(run)
    if found is None:
        return None
    words = [element("p", found.words)]
    if found.within:
        inner = ", ".join(f"{name} {percent(found.share(part))}" for name, part in found.within.items())
        words.append(element("p", f"Within these: {inner}.", class_="soft"))
    drawn = drawing(timing.figure_of(found), "time", found.words)
    figure = element("figure", drawn, class_="panel wide")
    return element("section", element("h2", "Where a step's time goes"), words, figure)


def _matrices(run: History) -> Element | None:
    steps = samples.over_time(run.path)
    if not steps:
        return None
    about = (
        "Rows are solutions, columns are tests, in this order: the chosen ones, then those with the most passes. They "
        "are numbered as they were written."
    )
    return element(
        "section", element("h2", "Passing matrices"), element("p", about, class_="soft"), matrices.section_of(steps)
    )


def _others(run: History) -> Element | None:
    """What stands on no chart; and, folded, the figures of all that does."""
    off = without_panel(list(run.series))
    on = [name for name in run.series if name not in off]
    words = [f"{name}: {cut(value, _LONGEST_WORDS)}" for name, value in run.words.items()]
    if not run.series and not words:
        return None
    return element(
        "section",
        element("h2", "Other metrics"),
        _metrics(run, off) if off else None,
        element("ul", (element("li", each) for each in words)) if words else None,
        element("details", element("summary", "Figures of the metrics above"), _metrics(run, on)) if on else None,
    )


def _metrics(run: History, names: Sequence[str]) -> Element:
    body = element("tbody", (_metric(name, run.series[name]) for name in names))
    head = element("thead", element("tr", (element("th", each, scope="col") for each in _FIGURES)))
    return element("div", element("table", head, body), class_="scroll panel")


def _metric(name: str, series: Series) -> Element:
    values = series.values
    figures = (values[0], values[-1], values.min(), values.max(), values.mean())
    cells = (element("td", charts.number(float(each))) for each in figures)
    return element("tr", element("th", name, scope="row"), cells, element("td", _spark(series)))


def _spark(series: Series) -> Element | None:
    """A metric's course as a small line without axes; its figures stand beside it."""
    curve = charts.thinned(curve_of(series))
    steps, values = curve.steps, curve.values
    if len(steps) < 2:
        return None
    width, height = _SPARK
    spread = float(values.max() - values.min()) or 1.0
    across = (steps - steps[0]) / (steps[-1] - steps[0]) * (width - 2) + 1
    down = (values.max() - values) / spread * (height - 4) + 2
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    return element(
        "svg", element("polyline", points=points), viewBox=f"0 0 {width} {height}", width=width, height=height,
        class_="spark", aria_hidden="true",
    )  # fmt: skip
