"""The page that compares runs, arm by arm."""

from collections.abc import Iterator, Sequence

from crossjudge.trainer.picture_frame import STYLES

from . import charts, pieces, timing
from .arms import Arm
from .configuration import differing, told
from .history import History
from .markup import THEME, Element, element, page
from .panels import filled, without_panel
from .summary import Course, Table, course, table
from .verdict import apart, duration

_READING = (
    "± is one standard error: over seeds where an arm has several runs, binomial where it has one and the counts are "
    "known. The best of noisy values flatters. An arm is averaged as far as all its runs have got."
)


def of_arms(arms: Sequence[Arm]) -> str:
    """The whole page."""
    runs = [run for arm in arms for run in arm.runs]
    title = f"{len(runs)} runs in {len(arms)} {'arms' if len(arms) > 1 else 'arm'}"
    reading = element("p", _READING, class_="soft")
    parts = [
        element("h1", title),
        pieces.notes(f"{run.name}: {note}" for run in runs for note in run.notes),
        element("section", element("h2", "First, best, last"), _verdict(arms), pieces.table(table(arms)), reading),
        _differences(arms),
        element("section", element("h2", "Arms"), _legend(arms), class_="sticky"),
        *pieces.sections(charts_of_arms(arms), has_legends=False),
        _time(arms),
        _others(arms),
        element("section", element("h2", "Run by run"), (_run(arm, run) for arm in arms for run in arm.runs)),
    ]
    return page(title, parts)


def charts_of_arms(arms: Sequence[Arm]) -> list[pieces.Drawn]:
    """Each metric that a panel wants, with a line for each arm that has it."""
    found = [(each, charts.chart_of_arms(arms, each)) for each in filled(_metrics(arms), apart=True)]
    return [(each, chart) for each, chart in found if chart.lines]


def _metrics(arms: Sequence[Arm]) -> list[str]:
    return list(dict.fromkeys(name for arm in arms for name in arm.metrics))


def _verdict(arms: Sequence[Arm]) -> Element | None:
    """Who leads at the end, and how surely."""
    ranked = [(arm.label, found.last) for arm in arms if (found := course(arm, "eval/pass@1")) is not None]
    ranked.sort(key=lambda each: -each[1].value)
    if len(ranked) < 2:
        return None
    (first, its), (second, others) = ranked[:2]
    errors = apart(its, others)
    sure = "how sure that is cannot be told" if errors is None else f"{errors:.1f} standard errors of the difference"
    told = f"At the end pass@1 is highest for {first}: {its}. Then comes {second}: {others} ({sure})."
    return element("p", told)


def _differences(arms: Sequence[Arm]) -> Element | None:
    keys = differing([arm.runs[0].config for arm in arms])
    if not keys:
        return None
    rows = [[key, *(told(arm.runs[0].config.get(key)) for arm in arms)] for key in keys]
    found = Table(["key", *(arm.label for arm in arms)], rows)
    return element("details", element("summary", f"{len(keys)} keys in which they differ"), pieces.table(found))


def _legend(arms: Sequence[Arm]) -> Element:
    return element("ul", (_entry(place, arm) for place, arm in enumerate(arms)), class_="legend")


def _entry(place: int, arm: Arm) -> Element:
    colour, dash, _ = STYLES[place % len(STYLES)]
    line = element(
        "line", x1=0, y1=6, x2=28, y2=6, style=f"stroke: var({THEME[colour]})", stroke_width=3,
        stroke_dasharray={"--": "6 3", ":": "2 2"}.get(dash),
    )  # fmt: skip
    swatch = element("svg", line, viewBox="0 0 28 12", width=28, height=12, aria_hidden="true")
    seeds = ", ".join(str(run.config.get("seed", "?")) for run in arm.runs)
    return element("li", swatch, f" {arm.label} ", element("small", f"(seed {seeds})"))


def _time(arms: Sequence[Arm]) -> Element | None:
    found = [(arm, run, timing.timing_of(run)) for arm in arms for run in arm.runs]
    rows = [
        element("li", element("b", f"{arm.label}, {run.name}: "), of_run.words)
        for arm, run, of_run in found
        if of_run is not None
    ]
    return element("section", element("h2", "Where a step's time goes"), element("ul", rows)) if rows else None


def _others(arms: Sequence[Arm]) -> Element | None:
    """What stands on no chart, folded."""
    names = without_panel(_metrics(arms))
    if not names:
        return None
    rows = [[name, *(_first_to_last(course(arm, name)) for arm in arms)] for name in names]
    found = Table(["metric", *(arm.label for arm in arms)], rows)
    return element("details", element("summary", f"{len(names)} other metrics"), pieces.table(found))


def _first_to_last(found: Course | None) -> str:
    return "–" if found is None else f"{charts.number(found.first.value)} → {charts.number(found.last.value)}"


def _run(arm: Arm, run: History) -> Element:
    summary = ", ".join([f"{run.name}: {arm.label}", *_facts(run)])
    inside = (pieces.verdict(Arm(run.name, (run,))), pieces.alarms(run.alarms), pieces.configuration(run))
    return element("details", element("summary", summary), inside)


def _facts(run: History) -> Iterator[str]:
    yield f"{run.last_step} steps"
    if "time/step" in run.series:
        yield duration(float(run.series["time/step"].values.sum()))
    if run.alarms:
        yield f"{len(run.alarms)} alarms"
