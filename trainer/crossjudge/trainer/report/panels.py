"""Which metrics stand on which chart. What no panel names is listed at the page's end, so that nothing is lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

TIME_PREFIX = "time/"
WHOLE_STEP = "time/step"


@dataclass(frozen=True)
class Panel:
    """A chart of the metrics that match any of the patterns; the first panel that matches a metric has it."""

    section: str
    title: str
    patterns: tuple[str, ...]
    about: str = ""
    is_share: bool = False
    """Between 0 and 1, and drawn so."""
    is_apart: bool = False
    """Each metric on a chart of its own."""


LEARNING, SELECTOR, REWARDS, POLICIES, TESTS = (
    "Learning", "Selector", "Rewards", "Policies", "Tests and matrices",
)  # fmt: skip
PANELS = (
    Panel(LEARNING, "Held-out solutions", ("eval/pass@*",), "Solutions that pass all reference tests.", is_share=True),
    Panel(
        LEARNING, "Held-out tests", ("eval/tests/*",), is_share=True,
        about="valid: the reference solution passes the test; kill: wrong solutions that a valid test fails.",
    ),
    Panel(LEARNING, "Held-out", ("eval/*",), is_apart=True),
    Panel(
        SELECTOR, "Precision of the choice", ("selector/precision", "selector/recall"), is_share=True,
        about="Of the chosen solutions, those that are right; what the run itself does not see.",
    ),
    Panel(SELECTOR, "Problems skipped", ("selector/skip_rate",), "Problems on which the selector abstained.", True),
    Panel(
        SELECTOR, "Size and margin of the choice", ("selector/set_size", "selector/margin"),
        "Chosen solutions among all, and how far the runner-up is, where it did not abstain.",
    ),
    Panel(SELECTOR, "Selector", ("selector/*",), is_apart=True),
    Panel(SELECTOR, "On labelled problems", ("calibration/*",), is_apart=True),
    Panel(REWARDS, "Mean reward", ("*/reward",)),
    Panel(REWARDS, "Spread of rewards within a group", ("*/reward_std",)),
    Panel(
        REWARDS, "Groups that teach nothing", ("*/frac_reward_zero_std",), "All rewards in the group are equal.", True
    ),
    Panel(REWARDS, "Parts of the coder's reward", ("coder/reward/*", "coder/rewards/*")),
    Panel(REWARDS, "Parts of the tester's reward", ("tester/reward/*", "tester/rewards/*")),
    Panel(REWARDS, "Parts of the reward", ("*/reward/*", "*/rewards/*", "reward/*", "rewards/*")),
    Panel(POLICIES, "Entropy", ("*/entropy", "entropy"), "Of a token, in nats."),
    Panel(POLICIES, "Length of replies", ("*/completions/mean_length", "completions/mean_length"), "In tokens."),
    Panel(
        POLICIES, "Replies cut off", ("*/completions/clipped_ratio", "completions/clipped_ratio"),
        "At the longest length.", True,
    ),
    Panel(
        POLICIES, "Tokens clipped", ("*/clip_ratio/region_mean", "clip_ratio/region_mean"),
        "By the bounds of the loss.", True,
    ),
    Panel(POLICIES, "KL to the reference", ("*/kl", "kl")),
    Panel(POLICIES, "Norm of the gradient", ("*/grad_norm", "grad_norm"), "Before it is clipped."),
    Panel(POLICIES, "Loss", ("*/loss", "loss")),
    Panel(
        TESTS, "Tests", ("tests/valid", "tests/*_frac", "matrix/*_frac"), is_share=True,
        about="In training. trivial: all solutions pass; unique: distinct ones; discriminative: some pass, some fail.",
    ),
    Panel(TESTS, "Passing cells", ("matrix/density",), "Share of a matrix's cells.", True),
    Panel(TESTS, "Rank of the matrix", ("matrix/rank",)),
)  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """A panel with the metrics that were found for it; `title` names the metric where it has a chart of its own."""

    panel: Panel
    title: str
    metrics: tuple[str, ...]


def filled(metrics: Sequence[str], *, apart: bool = False) -> Iterator[Filled]:
    """The panels that there is something for, in their order. `apart` gives each metric a chart of its own."""
    left = [name for name in metrics if not name.startswith(TIME_PREFIX)]
    for panel in PANELS:
        found = [name for name in left if any(fnmatchcase(name, pattern) for pattern in panel.patterns)]
        left = [name for name in left if name not in found]
        if apart or panel.is_apart:
            for name, metric in zip(short_names(found), found, strict=True):
                is_only = len(found) == 1 and not panel.is_apart
                yield Filled(panel, panel.title if is_only else f"{panel.title}: {name}", (metric,))
        elif found:
            yield Filled(panel, panel.title, tuple(found))


def without_panel(metrics: Sequence[str]) -> list[str]:
    """What is on no chart: neither in a panel nor a part of a step's time."""
    shown = {name for each in filled(metrics) for name in each.metrics}
    return [name for name in metrics if name not in shown and not name.startswith(TIME_PREFIX)]


def short_names(metrics: Sequence[str]) -> list[str]:
    """The names without what they have in common before and after: `coder/reward` and `tester/reward` are two roles."""
    parts = [name.split("/") for name in metrics]
    if len(parts) < 2:
        return [name.split("/")[-1] for name in metrics]
    while all(len(each) > 1 for each in parts) and len({each[0] for each in parts}) == 1:
        parts = [each[1:] for each in parts]
    while all(len(each) > 1 for each in parts) and len({each[-1] for each in parts}) == 1:
        parts = [each[:-1] for each in parts]
    return ["/".join(each) for each in parts]
