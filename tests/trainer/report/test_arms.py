"""Runs as arms: who belongs together, what they are called, means and their errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.report.arms import Arm, Curve, arms_of, binomial_error
from crossjudge.trainer.report.charts import MOST_POINTS, thinned
from crossjudge.trainer.report.history import History, read_history
from crossjudge.trainer.report.panels import filled, short_names, without_panel
from crossjudge.trainer.report.summary import Course, table
from run_folders import written


def history(tmp_path: Path, name: str, values: dict[int, float] | None = None, **settings: Any) -> History:
    logged = {step: {"eval/pass@1": value} for step, value in (values or {0: 0.5, 10: 0.7}).items()}
    return read_history(written(tmp_path / name, logged, **settings))


def arms(*runs: History) -> list[Arm]:
    return arms_of(runs, [None] * len(runs))


def test_runs_that_differ_in_their_seed_alone_are_one_arm(tmp_path: Path) -> None:
    first, second = (history(tmp_path, f"r{seed}", seed=seed, save_steps=seed) for seed in (0, 1))
    third = history(tmp_path, "r2", selector={"name": "jury"})
    found = arms(first, third, second)
    assert [[run.name for run in arm.runs] for arm in found] == [["r0", "r1"], ["r2"]]
    assert [arm.label for arm in found] == ["selector.name=gated_clusters", "selector.name=jury"]


def test_a_name_of_ones_own_makes_an_arm(tmp_path: Path) -> None:
    runs = [history(tmp_path, f"r{at}", seed=at) for at in range(3)]
    found = arms_of(runs, ["oracle", None, "oracle"])
    assert [(arm.label, len(arm.runs)) for arm in found] == [("oracle", 2), ("r1", 1)]


def test_arms_that_differ_in_much_are_called_by_what_is_unusual(tmp_path: Path) -> None:
    linear = {"lr_scheduler_type": "linear"}
    found = arms(
        history(tmp_path, "a"),
        history(tmp_path, "b", coder=linear, tester=linear),
        history(tmp_path, "c", mutants=5, min_rank=2),
        history(tmp_path, "d", coder={"learning_rate": 1e-4}),
    )
    assert [arm.label for arm in found] == [
        "base", "lr_scheduler_type=linear", "min_rank=2, mutants=5", "coder.learning_rate=0.0001",
    ]  # fmt: skip


def test_runs_whose_configuration_is_lost_are_not_taken_for_one_arm(tmp_path: Path) -> None:
    runs = []
    for name in ("a", "b"):
        history(tmp_path, name)
        (tmp_path / name / "config.yaml").unlink()
        runs.append(read_history(tmp_path / name))
    assert [arm.label for arm in arms(*runs)] == ["a", "b"]


def test_no_two_arms_have_the_same_label(tmp_path: Path) -> None:
    first, second = history(tmp_path, "a"), history(tmp_path, "b", mutants=5)
    found = arms_of([first, second], ["base", None])
    assert len({arm.label for arm in found}) == 2


def test_an_arm_is_the_mean_of_its_runs_as_far_as_all_have_got(tmp_path: Path) -> None:
    runs = [
        history(tmp_path, "a", {0: 0.5, 10: 0.6, 20: 0.9}, eval_limit=None),
        history(tmp_path, "b", {0: 0.5, 10: 0.8}, eval_limit=None, seed=1),
    ]
    [arm] = arms(*runs)
    curve = arm.curve("eval/pass@1")
    assert curve is not None and curve.errors is not None
    assert curve.steps.tolist() == [0, 10]
    assert curve.values.tolist() == pytest.approx([0.5, 0.7])
    assert curve.errors.tolist() == pytest.approx([0, np.std([0.6, 0.8], ddof=1) / np.sqrt(2)])
    assert arm.curve("absent") is None


def test_seeds_that_measured_the_same_are_no_surer_than_all_their_counts(tmp_path: Path) -> None:
    runs = [history(tmp_path, name, seed=seed) for seed, name in enumerate("ab")]
    curve = arms(*runs)[0].curve("eval/pass@1")
    assert curve is not None and curve.errors is not None
    assert curve.errors[0] == pytest.approx(np.sqrt(0.25 / 800))


@pytest.mark.parametrize(
    ("metric", "settings", "draws"),
    [
        ("eval/pass@1", {}, 400), ("eval/pass@4", {}, 100), ("eval/pass@3", {}, 100), ("eval/pass@8", {}, None),
        ("eval/tests/valid", {"tester.tests_per_reply": 1}, 400), ("eval/tests/valid", {}, None),
        ("eval/tests/kill", {}, None), ("eval/pass@1", {"eval_limit": None}, None),
        ("eval/pass@1", {"eval_limit": "100"}, None), ("eval/pass@0", {}, None),
    ],
)  # fmt: skip
def test_a_share_has_a_binomial_error_where_its_counts_are_known(
    metric: str, settings: dict[str, Any], draws: int | None
) -> None:
    found = binomial_error(metric, np.array([0.2]), {"eval_limit": 100, "eval_samples": 4} | settings)
    assert found is None if draws is None else found is not None and found[0] == pytest.approx(np.sqrt(0.16 / draws))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=500), st.integers(1, MOST_POINTS))
def test_thinning_keeps_the_range_and_where_full_the_mean(values: list[float], most: int) -> None:
    curve = Curve(np.arange(len(values)), np.array(values), None)
    thin = thinned(curve, most)
    assert len(thin.steps) <= most
    assert (np.diff(thin.steps) > 0).all()
    assert thin.values.min() >= curve.values.min() - 1e-12
    assert thin.values.max() <= curve.values.max() + 1e-12
    if len(values) % len(thin.values) == 0:
        assert thin.values.mean() == pytest.approx(curve.values.mean())


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_the_best_is_the_highest_between_first_and_last(values: list[float]) -> None:
    found = Course.of(Curve(np.arange(len(values)), np.array(values), None))
    assert (found.first.value, found.best.value, found.last.value) == (values[0], max(values), values[-1])
    assert found.first.step <= found.best.step <= found.last.step


NAMES = st.lists(
    st.one_of(
        st.sampled_from(["eval/pass@1", "coder/reward", "tester/reward", "selector/margin", "time/step", "entropy"]),
        st.text(st.sampled_from("ab/*[@"), min_size=1, max_size=8),
        st.builds("eval/{}".format, st.text("xy", min_size=1, max_size=3)),
    ),
    unique=True,
)


@given(NAMES, st.booleans())
def test_every_metric_is_shown_exactly_once(names: list[str], apart: bool) -> None:
    on_charts = [name for each in filled(names, apart=apart) for name in each.metrics]
    times = [name for name in names if name.startswith("time/")]
    assert sorted([*on_charts, *without_panel(names), *times]) == sorted(names)


@given(NAMES)
def test_short_names_tell_the_metrics_apart(names: list[str]) -> None:
    assert len(set(short_names(names))) == len(names)


def test_alarms_are_counted_where_there_are_any(tmp_path: Path) -> None:
    loud = read_history(written(tmp_path / "a", {1: {"alarm/drift": 1}, 2: {"alarm/drift": 1}}))
    found = table(arms(loud, history(tmp_path, "b", mutants=5)))
    assert [row[found.headings.index("alarms")] for row in found.rows] == ["2", "0"]


def test_a_row_for_each_arm(tmp_path: Path) -> None:
    runs = [history(tmp_path, "a"), history(tmp_path, "b", {0: 0.5, 10: 0.9, 20: 0.8}, mutants=5)]
    found = table(arms(*runs))
    assert found.headings == ["arm", "runs", "steps", "pass@1 first", "pass@1 best (step)", "pass@1 last"]
    assert found.rows[1] == ["mutants=5", "1", "20", "0.500 ± 0.025", "0.900 ± 0.015 (10)", "0.800 ± 0.020"]
