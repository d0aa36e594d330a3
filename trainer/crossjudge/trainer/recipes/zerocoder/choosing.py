"""The selector of a run: gated, calibrated and watched on labelled problems where there are some."""

from collections.abc import Mapping, Sequence
from typing import Any

from crossjudge.trainer.selectors import (
    Gated,
    Oracle,
    Selection,
    Selector,
    SelectorMonitor,
    make_selector,
    structure,
    unknown,
)
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.judging import JudgedRollout
from crossjudge.trainer.training.recipe import StepResult

from .config import ZeroCoderConfig

UNKNOWN = "whether its solutions are right could not be judged"


class Choosing:
    """Raises what `make_selector` and `SelectorMonitor` raise for names and options that they do not know."""

    def __init__(self, config: ZeroCoderConfig) -> None:
        named = config.selector
        self._min_rank = config.min_rank
        self._monitor: SelectorMonitor | None = None
        self._others: dict[str, Selector] = {}
        self._in_use = named.name
        if named.name == Oracle.name:
            if config.calibration is not None:
                raise BadConfig("selector oracle knows the truth: there is nothing to calibrate, leave calibration out")
            self._selector: Selector | None = None
            return
        self._selector = make_selector(named.name, named.options)
        if not config.calibration and hasattr(self._selector, "observe"):
            raise BadConfig(f"selector {named.name} is calibrated on labelled problems: set calibration.problems")
        self._gated: Selector = Gated(self._selector, named.min_members, named.min_margin)
        if config.calibration is not None:
            self._others = {name: make_selector(name) for name in config.calibration.others}
            self._monitor = SelectorMonitor(named.name, list(self._others))

    @property
    def needs_truth(self) -> bool:
        """Whether it chooses by the references."""
        return self._selector is None

    def of(self, judged: Sequence[JudgedRollout]) -> list[Selection]:
        """A selection of each, over replies as they were written. A matrix of too small a rank is abstained from."""
        if self._selector is None:
            selections = [_true(each) for each in judged]
        else:
            selections = self._gated.select([each.matrix for each in judged])
        found = []
        for each, selection in zip(judged, selections, strict=True):
            if self._min_rank and structure(each.matrix).rank < self._min_rank:
                selection = selection.because(f"the matrix has a rank below {self._min_rank}")
            found.append(selection.unfold(each.solution_places, each.test_places))
        return found

    def calibrate(self, labelled: Sequence[JudgedRollout]) -> StepResult:
        """Look at labelled problems as the models answer them now: how good the choices are, then learn from them."""
        known = [(each.matrix, each.labels) for each in labelled if each.labels is not None]
        if self._monitor is None or self._selector is None or not known:
            return StepResult({})
        matrices = [matrix for matrix, _ in known]
        labels = [label for _, label in known if label is not None]
        rules = {self._in_use: self._gated, **self._others}
        report = self._monitor.observe(matrices, labels, {name: rule.select(matrices) for name, rule in rules.items()})
        for rule in (self._selector, *self._others.values()):
            if hasattr(rule, "observe"):
                rule.observe(matrices, labels)
        metrics = {f"calibration/{name.removeprefix('selector/')}": value for name, value in report.metrics().items()}
        others = {f"calibration/{name}/accuracy": report.rules[name].accuracy.mean for name in self._others}
        return StepResult({**metrics, **others}, alarms=[(alarm.reason.value, str(alarm)) for alarm in report.alarms])

    def state_dict(self) -> dict[str, Any]:
        """What was learnt on labelled problems."""
        states = {name: rule.state_dict() for name, rule in self._rules().items() if hasattr(rule, "state_dict")}
        return {"rules": states, "monitor": None if self._monitor is None else self._monitor.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there. Raises `BadState` where it is of other selectors."""
        rules = self._rules()
        for name, saved in state["rules"].items():
            if (rule := rules.get(name)) is not None and hasattr(rule, "load_state_dict"):
                rule.load_state_dict(saved)
        if self._monitor is not None and state["monitor"] is not None:
            self._monitor.load_state_dict(state["monitor"])

    def _rules(self) -> dict[str, Selector]:
        return self._others if self._selector is None else {self._in_use: self._selector, **self._others}


def _true(each: JudgedRollout) -> Selection:
    if each.labels is None:
        return unknown(each.matrix, UNKNOWN)
    return Oracle({each.matrix.id: each.labels}).select_one(each.matrix)
