"""SelectorMonitor: says during a training, from a few labelled problems, whether a selector can still be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from .errors import BadMatrix, BadOption, BadState
from .evidence import BETS, Estimate, Evidence, ForgettingMean
from .groups import row_groups
from .labels import Labels
from .matrix import Floats, PassingMatrix
from .selection import Selection
from .state import Count, State, read_state
from .track_record import Agreements, Bin, RuleReport, TrackRecord

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Reason(StrEnum):
    """Why an alarm was raised."""

    FELL = "fell"
    """The rule in use chooses worse than in its best window."""
    BEATEN = "beaten"
    """Another rule chooses better on the same problems."""
    MISCALIBRATED = "miscalibrated"
    """How sure the rule in use is of its choices is not how often they are right."""
    ABSTAINS = "abstains"
    """The rule in use abstains too often to train on."""
    COLLAPSED = "collapsed"
    """On most problems all solutions pass the same tests, so that no rule can tell them apart."""


@dataclass(frozen=True)
class Alarm:
    """One reason to look at the selector, with the numbers that it rests on."""

    reason: Reason
    step: int
    rule: str
    value: float
    """What was found: a share, or for `MISCALIBRATED` the expected calibration error."""
    limit: float
    """What it was held against: the best window's lower bound, the other rule's share, or the option's limit."""
    better: str | None = None
    """For `BEATEN`, the other rule."""

    def __str__(self) -> str:
        said = {
            Reason.FELL: "is right in {0:.2f} of its choices; its best window was above {1:.2f}",
            Reason.BEATEN: "is right in {0:.2f} of the problems, {2} in {1:.2f}",
            Reason.MISCALIBRATED: "has a calibration error of {0:.2f}, more than {1:.2f}",
            Reason.ABSTAINS: "abstains on {0:.2f} of the problems, more than {1:.2f}",
            Reason.COLLAPSED: "cannot tell solutions apart in {0:.2f} of the problems, more than {1:.2f}",
        }[self.reason]
        return f"step {self.step}: {self.rule} {said.format(self.value, self.limit, self.better)}"


@dataclass(frozen=True)
class MonitorReport:
    """How things stand after a step. Figures are of the window that has not been forgotten yet."""

    step: int
    in_use: str
    best: str
    """The rule that is right in most problems, the one in use among equals. Whether that is more than luck, `alarms`
    say."""
    rules: dict[str, RuleReport]
    collapsed: Estimate
    """The share of problems in which all solutions that can be compared pass the same tests."""
    alarms: list[Alarm]
    """Those that this step has raised."""

    def metrics(self) -> dict[str, float]:
        """The rule in use as numbers for a log, without those that nothing is known of."""
        now = self.rules[self.in_use]
        numbers = {
            "selector/precision": now.precision.mean, "selector/recall": now.recall.mean,
            "selector/accuracy": now.accuracy.mean, "selector/test_precision": now.test_precision.mean,
            "selector/skip_rate": now.abstention.mean, "selector/margin": now.margin, "selector/brier": now.brier.mean,
            "selector/ece": now.calibration_error, "matrix/collapsed": self.collapsed.mean,
            "selector/alarms": float(len(self.alarms)),
        }  # fmt: skip
        return {name: number for name, number in numbers.items() if not np.isnan(number)}


class SelectorMonitor:
    """Watches the rule in use, and others beside it, on the labelled problems of each step.

        monitor = SelectorMonitor("b4", others=["dyb4", "codet"])
        report = monitor.observe(matrices, labels, {"b4": b4.select(matrices), "dyb4": …, "codet": …})
        dyb4.observe(matrices, labels)  # after its selections, or it would be judged on what it has learnt from

    The labelled problems may be the same at each step, with new solutions and tests; a handful will do. All figures
    forget: a step weighs `forgetting` times the one after it.

    `FELL` and `BEATEN` are bets (`Evidence`) on the shares that are right, problem by problem: that the mean lies more
    than `slack` below the best window's lower bound (of level `baseline_level`), and that another rule's lies more than
    `lead` above the one in use, on the same problems. Each raises its alarm, and begins anew, once its capital reaches
    `false_alarm_every`, which without a reason happens no more often than once in so many steps on average, whatever
    the distribution is. The others compare lower bounds (`alarm_level`) with limits, and raise an alarm when they cross
    them, not again while they stay above. `MISCALIBRATED` is for rules named in `probabilities` only.

    Measured by simulation, ten labelled problems a step (benchmarks/monitor_alarms.py). False alarms: none in 14,000
    steps without a change in which the rule in use was within 0.02 of the best, but for one `MISCALIBRATED` of DyB4
    where wrong solutions agree, which is true; none in 6,000 of a rule that is right by the toss of a coin (0.95, 0.8,
    0.5). Where the coin's share falls at once by 0.3, `FELL` comes within 7 to 9
    steps (median), by 0.2 within 14 to 22; of falls by 0.1 only a third to an eighth are seen within 100 steps. Where
    solutions begin to agree on being wrong `FELL` and `MISCALIBRATED` come within 1 to 3 steps; where the fixed prior
    of B4 has become 0.045 worse than DyB4, `BEATEN` comes after about 40.
    """

    def __init__(
        self,
        in_use: str,
        others: Sequence[str] = (),
        *,
        forgetting: float = 0.9,
        false_alarm_every: float = 1000,
        slack: float = 0.05,
        lead: float = 0.02,
        baseline_level: float = 0.98,
        alarm_level: float = 0.998,
        most_calibration_error: float = 0.1,
        most_abstention: float = 0.8,
        most_collapsed: float = 0.8,
        probabilities: Sequence[str] = ("b4", "dyb4", "output_b4"),
    ) -> None:
        if not 0 <= forgetting < 1:
            raise BadOption(f"forgetting is a number from 0 to below 1, not {forgetting}")
        if in_use in others or len(set(others)) < len(others):
            raise BadOption(f"each rule is named once, not {[in_use, *others]}")
        if not (0 <= slack <= 0.2 and 0 <= lead <= 0.2 and false_alarm_every > 1):
            raise BadOption("slack and lead are shares of at most 0.2, false_alarm_every is more than 1 step")
        self.in_use, self.step = in_use, 0
        self._forgetting, self._patience = forgetting, float(np.log(false_alarm_every))
        self._slack, self._lead = slack, lead
        self._baseline_level, self._alarm_level = baseline_level, alarm_level
        self._limits = {
            Reason.MISCALIBRATED: most_calibration_error, Reason.ABSTAINS: most_abstention,
            Reason.COLLAPSED: most_collapsed,
        }  # fmt: skip
        self._probabilities = frozenset(probabilities)
        self._records = {name: TrackRecord(forgetting) for name in (in_use, *others)}
        self._collapsed = ForgettingMean()
        self._fell = Evidence()
        self._beaten: dict[str, Evidence] = {}
        self._standing: set[Reason] = set()
        self._begin_comparing()

    def use(self, rule: str) -> None:
        """From now on this rule is the one in use. Raises `BadOption` for one that is not watched."""
        if rule not in self._records:
            raise BadOption(f"{rule!r} is not watched; watched are {', '.join(self._records)}")
        self.in_use = rule
        self._begin_comparing()

    def observe(
        self,
        matrices: Sequence[PassingMatrix],
        labels: Sequence[Labels],
        selections: Mapping[str, Sequence[Selection]],
    ) -> MonitorReport:
        """One step: the labelled problems as the current models wrote them, and what each rule chose of them.

        Raises `BadMatrix` where labels or selections are not those of the matrices, `BadOption` where a rule's are
        missing.
        """
        self._check(matrices, labels, selections)
        self.step += 1
        choices = {rule: Agreements.of(matrices, labels, selections[rule]) for rule in self._records}
        now = choices[self.in_use]
        self._bet(choices)
        for rule, record in self._records.items():
            record.add(choices[rule], self._alike(selections[rule], selections[self.in_use]))
        alike = [row_groups(matrix, copies=False).count <= 1 for matrix in matrices]
        self._collapsed.add(np.array(alike, np.float64), self._forgetting)
        alarms = [*self._alarms_of_bets(now), *self._alarms_of_limits()]
        for record in self._records.values():
            record.raise_baseline(self._baseline_level)
        rules = {rule: record.report() for rule, record in self._records.items()}
        return MonitorReport(self.step, self.in_use, self._best(), rules, self._collapsed.estimate(), alarms)

    def state_dict(self) -> dict[str, Any]:
        """All that was seen, as plain JSON values; options are not among them."""
        state = _State(
            kind="selector_monitor", version=1, in_use=self.in_use, step=self.step,
            records={rule: _saved(record) for rule, record in self._records.items()},
            collapsed=_saved_mean(self._collapsed), fell=self._fell.logs,
            beaten={rule: evidence.logs for rule, evidence in self._beaten.items()},
            standing=sorted(self._standing),
        )  # fmt: skip
        return state.model_dump(mode="json")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises `BadState` and leaves all as it was."""
        found = read_state(_State, state, "a selector monitor")
        if found.records.keys() != self._records.keys() or found.in_use not in found.records:
            watched = f"{', '.join(found.records)}, and this one {', '.join(self._records)}"
            raise BadState(f"this state is of a selector monitor that watches {watched}")
        if found.beaten.keys() != found.records.keys() - {found.in_use}:
            raise BadState("this is not a state of a selector monitor: beaten: not the rules beside the one in use")
        self._records = {rule: _restored(found.records[rule], self._forgetting) for rule in self._records}
        self.in_use, self.step = found.in_use, found.step
        self._collapsed, self._fell = _restored_mean(found.collapsed), Evidence(list(found.fell))
        self._beaten = {rule: Evidence(list(found.beaten[rule])) for rule in self._records if rule != self.in_use}
        self._standing = set(found.standing)

    def _begin_comparing(self) -> None:
        self._fell = Evidence()
        self._beaten = {rule: Evidence() for rule in self._records if rule != self.in_use}
        self._standing -= {Reason.MISCALIBRATED, Reason.ABSTAINS}

    def _check(
        self,
        matrices: Sequence[PassingMatrix],
        labels: Sequence[Labels],
        selections: Mapping[str, Sequence[Selection]],
    ) -> None:
        if missing := [rule for rule in self._records if rule not in selections]:
            raise BadOption(f"the monitor watches {missing[0]} too: give its selections")
        for rule in self._records:
            if not len(matrices) == len(labels) == len(selections[rule]):
                counts = f"{len(matrices)} matrices, {len(labels)} labels, {len(selections[rule])} selections of {rule}"
                raise BadMatrix(f"one each is due: {counts}")
            for matrix, label, selection in zip(matrices, labels, selections[rule], strict=True):
                label.check(matrix)
                if (selection.solutions.size, selection.tests.size) != matrix.shape:
                    raise BadMatrix(f"the selection of {rule} is of another matrix", matrix.id)

    def _bet(self, choices: Mapping[str, Agreements]) -> None:
        """Bet on this step's problems, with the best window as it was before them."""
        now, baseline = choices[self.in_use], self._records[self.in_use].baseline
        self._fell.add(baseline - self._slack - now.right[now.used])
        for rule, evidence in self._beaten.items():
            evidence.add(choices[rule].right - now.right - self._lead)

    def _alarms_of_bets(self, now: Agreements) -> list[Alarm]:
        record, alarms = self._records[self.in_use], []
        if self._fell.log_capital >= self._patience:
            found = record.precision.mean
            alarms.append(Alarm(Reason.FELL, self.step, self.in_use, found, record.baseline))
            self._fell = Evidence()
        if self._beaten and self._beaten_capital() >= self._patience:
            better = max(self._beaten, key=lambda rule: self._beaten[rule].log_capital)
            theirs = self._records[better].accuracy.mean
            alarms.append(Alarm(Reason.BEATEN, self.step, self.in_use, record.accuracy.mean, theirs, better))
            self._beaten = {rule: Evidence() for rule in self._beaten}
        return alarms

    def _beaten_capital(self) -> float:
        """ln of the mean capital: several rules beside the one in use together cry wolf as seldom as one."""
        logs = [evidence.log_capital for evidence in self._beaten.values()]
        return float(np.logaddexp.reduce(logs) - np.log(len(logs)))

    def _alarms_of_limits(self) -> list[Alarm]:
        record = self._records[self.in_use]
        found = {
            Reason.ABSTAINS: (record.abstention.bounds(self._alarm_level)[0], record.abstention.mean),
            Reason.COLLAPSED: (self._collapsed.bounds(self._alarm_level)[0], self._collapsed.mean),
        }
        if self.in_use in self._probabilities:
            error = record.calibration_error()
            found[Reason.MISCALIBRATED] = (record.calibration_error(self._alarm_level), error)
        alarms = []
        for reason, (least, value) in found.items():
            is_over = least > self._limits[reason]
            if is_over and reason not in self._standing:
                alarms.append(Alarm(reason, self.step, self.in_use, value, self._limits[reason]))
            (self._standing.add if is_over else self._standing.discard)(reason)
        return alarms

    def _alike(self, chosen: Sequence[Selection], others: Sequence[Selection]) -> Floats:
        """(L,), of the solutions that either rule chose the share that both did."""
        both = [int((a.solutions & b.solutions).sum()) for a, b in zip(chosen, others, strict=True)]
        either = [int((a.solutions | b.solutions).sum()) for a, b in zip(chosen, others, strict=True)]
        return np.array([b / e if e else 1.0 for b, e in zip(both, either, strict=True)])

    def _best(self) -> str:
        def rank(rule: str) -> tuple[float, bool]:
            mean = self._records[rule].accuracy.mean
            return (-1.0 if np.isnan(mean) else mean), rule == self.in_use

        return max(self._records, key=rank)


Logs = Annotated[list[Finite], Field(min_length=len(BETS), max_length=len(BETS))]


class _Mean(State):
    weight: Count
    squares: Count
    total: Count


class _Bin(State):
    scores: _Mean
    right: _Mean


class _Record(State):
    means: dict[str, _Mean]
    bins: list[_Bin]
    baseline: Annotated[float, Field(ge=0, le=1)]


class _State(State):
    kind: Literal["selector_monitor"]
    version: Literal[1]
    in_use: str
    step: Annotated[int, Field(ge=0)]
    records: dict[str, _Record]
    collapsed: _Mean
    fell: Logs
    beaten: dict[str, Logs]
    standing: list[Reason]


def _saved_mean(mean: ForgettingMean) -> _Mean:
    return _Mean(weight=mean.weight, squares=mean.squares, total=mean.total)


def _restored_mean(saved: _Mean) -> ForgettingMean:
    return ForgettingMean(saved.weight, saved.squares, saved.total)


def _saved(record: TrackRecord) -> _Record:
    means = {name: _saved_mean(mean) for name, mean in record.means().items()}
    bins = [_Bin(scores=_saved_mean(each.scores), right=_saved_mean(each.right)) for each in record.bins]
    return _Record(means=means, bins=bins, baseline=record.baseline)


def _restored(saved: _Record, forgetting: float) -> TrackRecord:
    record = TrackRecord(forgetting)
    if saved.means.keys() != record.means().keys() or len(saved.bins) != len(record.bins):
        raise BadState("this is not a state of a selector monitor: records: other figures than this version keeps")
    for name, mean in saved.means.items():
        setattr(record, name, _restored_mean(mean))
    record.bins = [Bin(_restored_mean(each.scores), _restored_mean(each.right)) for each in saved.bins]
    record.baseline = saved.baseline
    return record
