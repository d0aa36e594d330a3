"""The published selectors against numbers computed elsewhere."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import betaln

from crossjudge.trainer.selectors import Labels, PassingMatrix, make_selector
from crossjudge.trainer.selectors.b4 import B4, Priors, log_evidence
from crossjudge.trainer.selectors.base import Consensus
from crossjudge.trainer.selectors.codet import CodeT, SoftCodeT
from crossjudge.trainer.selectors.groups import row_groups
from crossjudge.trainer.selectors.mbr import MBR
from passing_matrices import GOLDEN

MATRIX = PassingMatrix.of(GOLDEN)


@pytest.mark.parametrize(
    ("selector", "scores", "pick"),
    [
        (B4(alpha_xy=10, beta_0=10), [-25.282314, -26.987062, -31.848423], [0, 1]),
        (B4(alpha_xy=1e3, beta_0=1e5), [-87.333983, -80.250836, -128.195047], [2]),
        (CodeT(), [2.828427, 3, 1], [2]),
        (CodeT(exponent=1), [4, 3, 1], [0, 1]),
        (MBR(), [2, 1, 1], [0, 1]),
        (SoftCodeT(), [2 * (2 + 1 / 16), 3 * (1 + 2 / 16 + 1 / 9), 1 + 1 / 9], [0, 1]),
    ],
    ids=["b4-simulation", "b4-real", "codet", "codet-linear", "mbr", "soft-codet"],
)
def test_known_scores_of_consensus_sets(selector: Consensus, scores: list[float], pick: list[int]) -> None:
    groups = row_groups(MATRIX, copies=False)
    assert selector.raw_scores(groups) == pytest.approx(scores, abs=1e-6)
    assert np.flatnonzero(selector.select_one(MATRIX).solutions).tolist() == pick


def test_max_pass_counts_passes() -> None:
    selection = make_selector("maxpass").select([MATRIX])[0]
    assert (selection.solution_scores * 4).tolist() == [2, 2, 3, 1]
    assert np.flatnonzero(selection.solutions).tolist() == [2]
    assert np.flatnonzero(selection.tests).tolist() == [0, 2, 3]


def test_b4_evidence_is_that_of_the_sum_written_out() -> None:
    """Each of the four counts by a loop over cells, as the paper defines them."""
    chance = np.random.default_rng(3)
    passed = chance.random((7, 9)) < 0.4
    passed[4] = passed[1]
    matrix = PassingMatrix.of(["".join("P" if cell else "F" for cell in row) for row in passed])
    groups = row_groups(matrix, copies=False)
    priors = Priors((3, 2), (2, 5), (1.5, 1), (1, 7))
    for group in range(groups.count):
        inside = {int(row) for row in groups.rows[groups.of == group]}
        accepted = {j for j in range(9) if passed[min(inside), j]}
        cells = [(i, j) for i in range(7) if i not in inside for j in range(9)]
        on_1 = [passed[i, j] for i, j in cells if j in accepted]
        on_0 = [passed[i, j] for i, j in cells if j not in accepted]
        expected = sum(
            betaln(yes + a, no + b)
            for yes, no, (a, b) in (
                (len(inside), 7 - len(inside), priors.correct_solution),
                (len(accepted), 9 - len(accepted), priors.correct_test),
                (sum(on_1), len(on_1) - sum(on_1), priors.wrong_passes_correct),
                (sum(on_0), len(on_0) - sum(on_0), priors.wrong_passes_wrong),
            )
        )
        assert log_evidence(groups, priors)[group] == pytest.approx(expected)


def test_b4_posteriors_are_the_evidence_over_its_sum() -> None:
    selection = make_selector("b4", {"alpha_xy": 10, "beta_0": 10}).select([MATRIX])[0]
    weights = np.exp(np.array([-25.282314, -25.282314, -26.987062, -31.848423]))
    total = weights[1:].sum()
    assert selection.solution_scores == pytest.approx(weights / total, abs=1e-6)
    assert selection.test_scores[0] == pytest.approx((weights[1] + weights[2]) / total, abs=1e-6)
    assert selection.margin == pytest.approx(1 - weights[2] / weights[1], abs=1e-6)


def test_copies_count_where_they_are_asked_for() -> None:
    """Two solutions stand for five and one for one: codet counts 2·sqrt(6) against 3·sqrt(1), distinct 2.83 and 3."""
    matrix = PassingMatrix.of(GOLDEN, solution_copies=[5, 1, 1, 1])
    assert np.flatnonzero(make_selector("codet").select([matrix])[0].solutions).tolist() == [0, 1]
    assert np.flatnonzero(make_selector("codet", {"copies": False}).select([matrix])[0].solutions).tolist() == [2]


def test_codet_without_root_on_codes_prefers_the_larger_set() -> None:
    scores = [CodeT(exponent=power).raw_scores(row_groups(MATRIX, copies=False)) for power in (0.0, 0.5, 1.0)]
    ratios = [float(each[0] / each[1]) for each in scores]
    assert all(smaller < larger for smaller, larger in pairwise(ratios))


def test_ucoder_keeps_what_executes_and_takes_the_most_fluent_of_the_largest_cluster() -> None:
    rows = ["PPPF", "PPPF", "PPPF", "EEEE", "EEEE", "EEEE", "EEEE", "PPEE"]
    log_probs = [-0.4, -0.2, -0.3, -0.01, -0.01, -0.01, -0.01, -0.01]
    matrix = PassingMatrix.of(rows, log_probs=log_probs)
    assert np.flatnonzero(make_selector("ucoder").select([matrix])[0].solutions).tolist() == [1]
    unknown_fluency = PassingMatrix.of(rows)
    assert np.flatnonzero(make_selector("ucoder").select([unknown_fluency])[0].solutions).tolist() == [0, 1, 2]


def test_ucoder_never_chooses_the_cluster_that_passes_nothing() -> None:
    matrix = PassingMatrix.of(["FFF", "FFF", "FFF", "PFF", "PFF"])
    assert np.flatnonzero(make_selector("ucoder").select([matrix])[0].solutions).tolist() == [3, 4]
    as_in_the_paper = make_selector("ucoder", {"pass_something": False}).select([matrix])[0]
    assert np.flatnonzero(as_in_the_paper.solutions).tolist() == [0, 1, 2]


def test_gates_hold_back_small_and_contested_clusters() -> None:
    alone = PassingMatrix.of(["PPF", "FFP", "FPF"])
    assert "too few members" in (make_selector("gated_clusters").select([alone])[0].abstain or "")
    contested = PassingMatrix.of(["PPFF", "PPFF", "FFPP", "FFPP"])
    assert "runner-up" in (make_selector("gated_clusters").select([contested])[0].abstain or "")
    clear = PassingMatrix.of(["PPPF", "PPPF", "PPPF", "FFFP"])
    selection = make_selector("gated_clusters").select([clear])[0]
    assert selection.abstain is None
    assert selection.solutions.tolist() == [True, True, True, False]


def test_solutions_that_crash_form_no_gated_cluster() -> None:
    """Three solutions crash in the same way on a test that others run; the two that run are the answer."""
    rows = ["EPF", "EPF", "EPF", "PFP", "PFP"]
    outputs = [["x", "1", "2"]] * 3 + [["0", "2", "1"]] * 2
    matrix = PassingMatrix.of(rows, outputs=outputs)
    assert make_selector("gated_clusters").select([matrix])[0].solutions.tolist() == [False] * 3 + [True] * 2


def test_equal_passes_are_told_apart_by_outputs() -> None:
    rows, outputs = ["PF", "PF", "PF"], [["1", "2"], ["1", "3"], ["1", "3"]]
    matrix = PassingMatrix.of(rows, outputs=outputs)
    assert make_selector("output_majority").select([matrix])[0].solutions.tolist() == [False, True, True]
    assert make_selector("mbr").select([matrix])[0].solutions.all()


def test_the_jury_leaves_aside_solutions_that_ignore_their_input() -> None:
    """Four return None whatever they are asked, which a wrong test expects; three answer as two tests expect."""
    rows = ["PFF", "PFF", "PFF", "PFF", "FPP", "FPP", "FPP"]
    outputs = [["none"] * 3] * 4 + [["1", "2", "3"]] * 3
    matrix = PassingMatrix.of(rows, outputs=outputs)
    assert make_selector("jury").select([matrix])[0].solutions.tolist() == [False] * 4 + [True] * 3


def test_dawid_skene_learns_that_a_test_lies() -> None:
    """Five tests tell six right from four wrong; the last one says the opposite of them."""
    matrix = PassingMatrix.of(["PPPPPF"] * 6 + ["FFFFFP"] * 4)
    selection = make_selector("dawid_skene").select([matrix])[0]
    assert selection.solutions.tolist() == [True] * 6 + [False] * 4
    assert selection.tests.tolist() == [True] * 5 + [False]


def test_leave_one_out_gives_no_weight_to_a_test_that_contradicts_the_others() -> None:
    matrix = PassingMatrix.of(["PPPF", "PPPF", "PFPF", "FFFP", "FFFP"])
    selection = make_selector("leave_one_out").select([matrix])[0]
    assert selection.test_scores[3] < 0.5 < selection.test_scores[0]
    assert selection.solutions.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("kind", ["rank_one", "agreement"])
def test_spectral_scores_are_the_leading_eigenvector(kind: str) -> None:
    matrix = PassingMatrix.of(["PPFP", "PPFF", "PFPF", "FFPP", "PPFP"])
    scores = make_selector("spectral", {"kind": kind}).select([matrix])[0].solution_scores
    passed = matrix.passed.astype(float)
    signs = 2 * passed - 1
    table = passed @ passed.T if kind == "rank_one" else 0.5 + 0.5 * signs @ signs.T / 4
    if kind == "agreement":
        np.fill_diagonal(table, 0)
    vector = np.abs(np.linalg.eigh(table)[1][:, -1])
    assert scores == pytest.approx(vector / vector.max(), abs=1e-5)


def test_the_oracle_chooses_what_is_correct() -> None:
    labels = {"a": Labels(np.array([True, True, False, False]))}
    selection = make_selector("oracle", {"labels": labels}).select([PassingMatrix.of(GOLDEN, id="a")])[0]
    assert selection.solutions.tolist() == [True, True, False, False]
    assert selection.tests.tolist() == [True, True, False, False]
    none = {"a": Labels(np.zeros(4, np.bool_))}
    assert make_selector("oracle", {"labels": none}).select([PassingMatrix.of(GOLDEN, id="a")])[0].abstain


def test_random_chooses_each_solution_alike() -> None:
    matrix = PassingMatrix.of(GOLDEN)
    picks = [make_selector("random", {"seed": seed}).select([matrix])[0].solutions for seed in range(400)]
    assert all(pick.sum() == 1 for pick in picks)
    assert np.mean(picks, axis=0) == pytest.approx([0.25] * 4, abs=0.1)  # four standard errors
