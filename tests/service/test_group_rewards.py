"""Rewards from one passing matrix: the formulas on tables worked out by hand, and laws that hold for every table."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import Reward, RewardParts, SolutionReport, SourceStatus, TestReport, Verdict
from crossjudge.service.groups.rewards import POLICIES, Agreement, Rewarded, Table, b4

OK = SourceStatus.OK


def table(*rows: str, vacuous: Sequence[int] = (), broken: Sequence[int] = (), unloadable: Sequence[int] = ()) -> Table:
    return Table(
        rows,
        [SolutionReport(status=SourceStatus.LOAD_ERROR if i in unloadable else OK) for i in range(len(rows))],
        [
            TestReport(status=SourceStatus.SYNTAX_ERROR if j in broken else OK, vacuous=j in vacuous)
            for j in range(len(rows[0]))
        ],
    )


def of_solutions(found: Table, reward: Reward) -> list[float | None]:
    return [POLICIES[reward].of_solution(found, i).value for i in range(len(found.rows))]


def of_tests(found: Table, reward: Reward) -> list[float | None]:
    return [POLICIES[reward].of_test(found, j).value for j in range(len(found.tests))]


def test_the_pass_rate_of_a_solution_is_its_share_of_valid_tests() -> None:
    found = table("PPFE", "PFTM", "FFCE")

    assert of_solutions(found, Reward.PASS_RATE) == [0.5, 0.25, 0.0]
    assert POLICIES[Reward.PASS_RATE].of_solution(found, 0).parts == RewardParts(passed=2, judged=4)


def test_tests_that_are_broken_or_vacuous_count_for_no_solution_and_get_nothing_themselves() -> None:
    found = table("PEP", "FEP", broken=[1], vacuous=[2])

    assert of_solutions(found, Reward.PASS_RATE) == [1.0, 0.0]
    for reward in Reward:
        assert of_tests(found, reward)[1:] == [0.0, 0.0]
        assert all(POLICIES[reward].of_test(found, j).reason for j in (1, 2))


def test_cells_that_were_not_judged_are_masked_and_never_cost_anything() -> None:
    found = table("PXF", "XSX", "PPF")

    assert of_solutions(found, Reward.PASS_RATE) == [0.5, None, 2 / 3]
    assert "could be judged" in str(POLICIES[Reward.PASS_RATE].of_solution(found, 1).reason)
    assert of_tests(table("PX", "FS"), Reward.PASS_RATE) == [0.5, None]
    assert of_solutions(found, Reward.CODET) == [None, None, 1.0], "rows with holes compare with none"


def test_without_any_valid_test_there_is_no_reward_for_a_solution() -> None:
    for reward in Reward:
        rewarded = POLICIES[reward].of_solution(table("E", "E", broken=[0]), 0)
        assert rewarded.value is None and "no valid test" in str(rewarded.reason)


def test_a_test_is_rewarded_for_passing_the_best_and_failing_the_rest() -> None:
    # Whichever test is left out, solution 0 does best on the others. Test 3 passes all, test 5 only a wrong one.
    found = table("PPPPPF", "PFFPFF", "FFPPFP")

    assert of_tests(found, Reward.PASS_RATE) == [0.5, 1.0, 0.5, 0.0, 1.0, 0.0]
    assert POLICIES[Reward.PASS_RATE].of_test(found, 0).parts == RewardParts(validity=1.0, discrimination=0.5)
    assert of_tests(found, Reward.ALL_OR_NOTHING) == [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]


def test_a_test_has_no_say_in_who_is_best_for_itself() -> None:
    found = table("PPF", "FFP")  # by tests 0 and 1 the first is best; by test 2 alone the second would be

    assert of_tests(found, Reward.PASS_RATE)[2] == 0.0


def test_where_nothing_tells_the_solutions_apart_a_test_gets_its_share_of_passes() -> None:
    assert of_tests(table("P", "F", "P", "P"), Reward.PASS_RATE) == [0.75], "one test alone"
    assert of_tests(table("PF"), Reward.PASS_RATE) == [1.0, 0.0], "one solution, such as a reference"


def test_solutions_that_do_not_load_say_nothing_of_a_test() -> None:
    assert of_tests(table("PP", "EE", unloadable=[1]), Reward.PASS_RATE) == [1.0, 1.0]
    rewarded = POLICIES[Reward.PASS_RATE].of_test(table("EE", unloadable=[0]), 0)
    assert rewarded.value is None and "no solution that loads" in str(rewarded.reason)
    assert of_solutions(table("PP", "EE", unloadable=[1]), Reward.PASS_RATE) == [1.0, 0.0]


GOLDEN = table("PPFF", "PPFF", "PFPP", "FFPF")


def test_codet_chooses_what_it_chose_in_the_worked_example() -> None:
    """Scores 2·√2, 3·1 and 1·1."""
    assert of_solutions(GOLDEN, Reward.CODET) == [0, 0, 1, 0]
    assert of_tests(GOLDEN, Reward.CODET) == [1, 0, 1, 1]


def test_codet_counts_all_of_the_best_at_a_tie_and_never_those_who_pass_nothing() -> None:
    assert of_solutions(table("PF", "FP"), Reward.CODET) == [1, 1]
    assert of_tests(table("PF", "FP"), Reward.CODET) == [1, 1]
    assert of_solutions(table("FF", "FF", "FF", "FF", "PF"), Reward.CODET) == [0, 0, 0, 0, 1]
    for reward in (Reward.CODET, Reward.B4):
        assert of_solutions(table("FF", "EE"), reward) == of_tests(table("FF", "EE"), reward) == [0, 0]


def test_b4_chooses_what_it_chose_in_the_worked_example() -> None:
    assert of_solutions(GOLDEN, Reward.B4) == [0, 0, 1, 0]
    assert of_tests(GOLDEN, Reward.B4) == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("alpha", "beta_0", "scores"),
    [(10, 10, [-25.282314, -26.987062, -31.848423]), (1e3, 1e5, [-87.333983, -80.250836, -128.195047])],
)
def test_b4_scores_agree_with_those_computed_by_hand(alpha: float, beta_0: float, scores: list[float]) -> None:
    assert [b4(agreement, alpha, beta_0) for agreement in GOLDEN.agreements.values()] == pytest.approx(scores, abs=1e-6)
    assert GOLDEN.agreements[frozenset({0, 1})] == Agreement(2, 2, 4, 4, on_passed=1, on_others=3)


letters = st.sampled_from([letter.value for letter in Verdict])
shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    solutions, tests = draw(shapes)
    rows = [draw(st.text(letters, min_size=tests, max_size=tests)) for _ in range(solutions)]
    statuses = st.sampled_from([OK, OK, OK, SourceStatus.SYNTAX_ERROR, SourceStatus.NOT_RUN])
    return Table(
        rows,
        [SolutionReport(status=draw(statuses)) for _ in range(solutions)],
        [TestReport(status=draw(statuses), vacuous=draw(st.booleans()) and draw(st.booleans())) for _ in range(tests)],
    )


def all_of(found: Table, reward: Reward) -> list[Rewarded]:
    policy = POLICIES[reward]
    return [policy.of_solution(found, i) for i in range(len(found.rows))] + [
        policy.of_test(found, j) for j in range(len(found.tests))
    ]


@given(tables(), st.sampled_from(Reward))
def test_a_reward_lies_between_0_and_1_or_there_is_a_reason_why_there_is_none(found: Table, reward: Reward) -> None:
    for rewarded in all_of(found, reward):
        if rewarded.value is None:
            assert rewarded.reason
        else:
            assert 0.0 <= rewarded.value <= 1.0 and math.isfinite(rewarded.value)


@given(tables(), st.sampled_from(Reward), st.data())
def test_the_order_in_which_samples_came_changes_no_reward(found: Table, reward: Reward, data: st.DataObject) -> None:
    rows = data.draw(st.permutations(range(len(found.rows))))
    columns = data.draw(st.permutations(range(len(found.tests))))
    shuffled = Table(
        ["".join(found.rows[i][j] for j in columns) for i in rows],
        [found.solutions[i] for i in rows],
        [found.tests[j] for j in columns],
    )

    assert of_solutions(shuffled, reward) == [of_solutions(found, reward)[i] for i in rows]
    assert of_tests(shuffled, reward) == [of_tests(found, reward)[j] for j in columns]


@given(tables(), st.sampled_from(Reward), st.data())
def test_a_row_that_we_failed_to_judge_is_never_a_0(found: Table, reward: Reward, data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, len(found.rows) - 1))
    rows = ["X" * len(row) if i == lost else row for i, row in enumerate(found.rows)]

    assert of_solutions(Table(rows, found.solutions, found.tests), reward)[lost] is None


@given(tables())
def test_passing_one_more_valid_test_never_lowers_a_pass_rate(found: Table) -> None:
    before = of_solutions(found, Reward.PASS_RATE)
    for i, row in enumerate(found.rows):
        for j, letter in enumerate(row):
            if Verdict(letter).is_scored:
                rows = [row[:j] + "P" + row[j + 1 :] if k == i else other for k, other in enumerate(found.rows)]
                after = of_solutions(Table(rows, found.solutions, found.tests), Reward.PASS_RATE)[i]
                assert (after is None) == (before[i] is None) and (after or 0) >= (before[i] or 0)
