"""What the pages are put together from."""

from collections.abc import Iterable, Sequence

from . import charts
from .arms import Arm
from .drawing import figure_of
from .history import Alarm, History
from .markup import Element, drawing, element
from .panels import Filled
from .summary import Table
from .text import cut
from .verdict import sentences

_MOST_ALARMS = 100
_LONGEST_CONFIGURATION = 50_000

Drawn = tuple[Filled, charts.Chart]


def sections(drawn: Sequence[Drawn], *, has_legends: bool) -> list[Element]:
    """Charts under the headings of their panels."""
    headings = dict.fromkeys(each.panel.section for each, _ in drawn)
    return [_section(name, [each for each in drawn if each[0].panel.section == name], has_legends) for name in headings]


def _section(name: str, drawn: Sequence[Drawn], has_legends: bool) -> Element:
    """What never changes is a line of text."""
    still = [chart for _, chart in drawn if charts.is_still(chart)]
    moving = [_chart(chart, has_legends) for _, chart in drawn if not charts.is_still(chart)]
    return element(
        "section",
        element("h2", name),
        element("div", moving, class_="charts" if len(moving) > 2 else "charts few") if moving else None,
        element("ul", (element("li", _unchanged(chart)) for chart in still), class_="soft") if still else None,
    )


def _unchanged(chart: charts.Chart) -> str:
    values = [(line.label, charts.number(line.curve.values[0])) for line in chart.lines]
    if len({value for _, value in values}) == 1:
        return f"{chart.title}: {values[0][1]} throughout."
    return f"{chart.title}: {', '.join(f'{label} {value}' for label, value in values)}, throughout."


def _chart(chart: charts.Chart, has_legends: bool) -> Element:
    figure = figure_of(chart, has_legend=has_legends and len(chart.lines) > 1)
    return element(
        "figure",
        element("figcaption", element("b", chart.title), f" {chart.about}"),
        drawing(figure, chart.title, chart.words),
        class_="panel",
    )


def verdict(arm: Arm) -> Element:
    """What came of a run, in sentences."""
    return element("ul", (element("li", sentence) for sentence in sentences(arm)), class_="verdict")


def notes(told: Iterable[str]) -> Element | None:
    """What could not be read."""
    items = [element("li", note) for note in told]
    return element("ul", items, class_="notes") if items else None


def alarms(found: Sequence[Alarm]) -> Element | None:
    """Each alarm with its step and its words."""
    if not found:
        return None
    items = [
        element("li", element("b", f"Step {alarm.step}: {alarm.reason}"), f" {alarm.text}")
        for alarm in found[:_MOST_ALARMS]
    ]
    more = len(found) - len(items)
    rest = element("p", f"and {more} more", class_="soft") if more else None
    return element("section", element("h2", "Alarms"), element("ul", items, class_="alarms"), rest)


def configuration(run: History) -> Element | None:
    """The configuration as the file has it, folded."""
    if not run.config_text:
        return None
    text = element("pre", cut(run.config_text, _LONGEST_CONFIGURATION))
    return element("details", element("summary", "Configuration"), text)


def _cell(text: str) -> Element:
    """A figure, and below it how sure it is."""
    value, sign, error = text.partition(" ± ")
    return element("td", value, element("small", f"± {error}") if sign else None)


def table(found: Table) -> Element:
    """A table whose rows begin with a heading."""
    head = element("tr", (element("th", each, scope="col") for each in found.headings))
    rows = [element("tr", element("th", row[0], scope="row"), map(_cell, row[1:])) for row in found.rows]
    return element("div", element("table", element("thead", head), element("tbody", rows)), class_="scroll panel")
