"""Code-A1 without labels (ours, not the paper's): the reference is a solution that a selector chose.

All solutions run on all tests as they were written, the selector looks at the matrix, and the member of its set that
`proxy_of` names corrects the tests from there on. Where the selector abstains there is no reference, and no reward.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossjudge.trainer.mutation import proxy_of
from crossjudge.trainer.selectors import Gated, Selector, make_selector
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.judging import Judge

from .config import CodeA1Config
from .duels import Duel
from .judging import Choice, JudgedDuel, judge_duels


def chooser_of(config: CodeA1Config) -> Selector | None:
    """The selector that chooses references; None where the problems' own are used.

    Raises what `make_selector` raises, and `BadConfig` for a selector that learns from labelled problems.
    """
    named = config.selector
    if config.reference == "given":
        return None
    selector = make_selector(named.name, named.options)
    if hasattr(selector, "observe"):
        raise BadConfig(f"selector {named.name} is calibrated on labelled problems, which Code-A1 has not")
    return Gated(selector, named.min_members, named.min_margin)


@dataclass(frozen=True)
class Consensus:
    """A selector and what judges; `diagnose` has the problems' references judged too, for the log alone."""

    selector: Selector
    judge: Judge
    diagnose: bool

    def judged(self, duels: Sequence[Duel]) -> list[JudgedDuel]:
        """The duels with their verdicts and what the selector chose."""
        judged = self.judge.judge([duel.rollout for duel in duels], with_references=self.diagnose)
        choices = []
        for each, selection in zip(judged, self.selector.select([each.matrix for each in judged]), strict=True):
            choices.append(Choice(each, selection.unfold(each.solution_places, each.test_places)))
        references = []
        for duel, choice in zip(duels, choices, strict=True):
            is_sure = choice.selection.abstain is None
            proxy = proxy_of(duel.solutions, choice.selection.solutions) if is_sure else None
            references.append(None if proxy is None else duel.solutions[proxy])
        found = judge_duels(self.judge, duels, references)
        return [replace(each, choice=choice) for each, choice in zip(found, choices, strict=True)]
