"""Which solution is learnt, by the paper's rule and by those that it is compared with."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from crossjudge.contracts import AssertTest
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.recipes.ucoder import records
from crossjudge.trainer.recipes.ucoder.config import SelectionConfig
from crossjudge.trainer.recipes.ucoder.execution import matrix_of
from crossjudge.trainer.recipes.ucoder.records import Candidate, Executed, Sampled, Selected
from crossjudge.trainer.recipes.ucoder.rules import make_rule
from crossjudge.trainer.recipes.ucoder.selection import select, statistics
from crossjudge.trainer.selectors import PassingMatrix
from crossjudge.trainer.selectors.errors import BadOption, UnknownSelector
from passing_matrices import matrices

# Two that agree, one likelier that crashes, three that fail everything, and one that passes the most.
ROWS = ("PPFF", "PPFF", "EEEE", "FFFF", "PPPF")
COPIES = (2, 1, 1, 3, 1)
LOG_PROBS = (-0.5, -0.4, -0.1, -0.3, -0.9)
RULES = ("consensus", "random", "output_hash", "low_perplexity", "success_rate")


def chosen(rule: str, folder: Path, seed: int = 0, **options: object) -> Selected:
    solutions = tuple(
        Candidate(source=f"s{at}", reply=f"r{at}", copies=copies, log_prob=log_prob)
        for at, (copies, log_prob) in enumerate(zip(COPIES, LOG_PROBS, strict=True))
    )
    sampled = Sampled(id="p", solutions=solutions)
    executed = Executed(
        id="p", rows=ROWS, sound=(True,) * 4, outputs=((0, 0, 0, 0),) * 2 + ((-1,) * 4, (1,) * 4, (2,) * 4)
    )
    tested = records.Tested(id="p", tests=tuple(AssertTest(code=f"assert f({n}) == 1") for n in range(4)))
    problem = TrainingProblem(id="p", prompt="a problem", entry_point="f")
    attempts = [(problem, sampled, tested)]
    [found] = select(folder, make_rule(rule, options, seed), attempts, [matrix_of(executed, sampled)])
    return found


def test_consensus_takes_the_most_fluent_of_the_largest_cluster_that_passes_something(tmp_path: Path) -> None:
    found = chosen("consensus", tmp_path)
    assert (found.solution, found.reply, found.members, found.executed) == ("s1", "r1", 3, 1.0)
    assert found.perplexity == pytest.approx(np.exp(0.4))
    assert found.agreement == pytest.approx(3 / 8)
    assert (tmp_path / "7-selection.jsonl").exists()


def test_without_the_guard_the_cluster_that_fails_everything_ties_and_is_likelier(tmp_path: Path) -> None:
    assert chosen("consensus", tmp_path, pass_something=False).solution == "s3"


def test_the_thresholds_are_options(tmp_path: Path) -> None:
    found = chosen("consensus", tmp_path, min_members=4)
    assert found.solution == ""
    assert "as many members" in (found.left_out or "")
    assert statistics([found])["left_out"] == 1


@pytest.mark.parametrize(("rule", "solution"), [("output_hash", "s3"), ("low_perplexity", "s2"), ("maxpass", "s4")])
def test_other_rules_take_what_they_say(rule: str, solution: str, tmp_path: Path) -> None:
    assert chosen(rule, tmp_path).solution == solution


def test_random_is_a_sample_and_not_a_distinct_solution(tmp_path: Path) -> None:
    matrix = PassingMatrix.of(ROWS, solution_copies=COPIES)
    picks = [
        int(np.flatnonzero(make_rule("random", {}, seed).select([matrix])[0].solutions)[0]) for seed in range(2000)
    ]
    assert np.bincount(picks, minlength=5) / 2000 == pytest.approx(np.array(COPIES) / 8, abs=0.05)


def test_a_success_rate_leaves_out_who_passes_less() -> None:
    matrix = PassingMatrix.of(ROWS, solution_copies=COPIES)
    picks = {
        int(np.flatnonzero(make_rule("success_rate", {}, seed).select([matrix])[0].solutions)[0]) for seed in range(50)
    }
    assert picks == {0, 1, 4}
    [strict] = make_rule("success_rate", {"min_rate": 0.9}, 0).select([matrix])
    assert strict.abstain == "no solution passes often enough"


@pytest.mark.parametrize("rule", RULES)
@given(matrix=matrices(letters="PPPFFETX"))
@settings(max_examples=20, deadline=None)
def test_a_selection_is_well_formed_and_repeats(rule: str, matrix: PassingMatrix) -> None:
    one, again = (make_rule(rule, {}, 3).select([matrix])[0] for _ in range(2))
    assert one.solutions.any()
    assert one.solutions.tolist() == again.solutions.tolist()
    assert not one.tests[~matrix.sound_tests].any()


def test_a_rule_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownSelector, match=r"there are .*; and for UCoder alone consensus, "):
        make_rule("concensus", {}, 0)
    with pytest.raises(BadOption, match="random"):
        make_rule("random", {"thing": 1}, 0)
    with pytest.raises(BadOption, match="min_rate"):
        make_rule("success_rate", {"min_rate": 2.0}, 0)
    assert SelectionConfig().name == RULES[0]
