"""`crossjudge eval` end to end: real models, checkpoints of a real run, the real verifier."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from crossjudge.client import Client
from crossjudge.client.cli import guarded
from crossjudge.trainer.evals.command import evaluate
from wordy_models import SOLUTIONS, TESTS, wordy_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]


@pytest.fixture
def run(judge: Client, tmp_path: Path, stack: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two steps with a checkpoint of each."""
    from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
    from crossjudge.trainer.recipes.zerocoder.recipe import train

    monkeypatch.setenv("CROSSJUDGE_URL", stack)
    settings = {**wordy_run(tmp_path), "max_steps": 2, "save_steps": 1, "eval_steps": 2, "eval_mutants": 4}
    train(ZeroCoderConfig.model_validate(settings), judge, Console(file=StringIO()))
    return Path(settings["output_dir"])


def told(*words: object) -> str:
    """What `crossjudge eval` prints."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(guarded(evaluate))
    result = CliRunner().invoke(app, list(map(str, words)), env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_checkpoints_are_measured_once_and_shown(run: Path) -> None:
    wanted = [run, "--checkpoint", "all", "--samples", "20", "--k", "1,8,20", "--mutants", "4"]
    first = json.loads(told(*wanted, "--json"))
    assert [line["checkpoint"] for line in first] == ["base", "1", "2"]
    assert lines(run / "eval.jsonl") == first
    figures = first[0]["figures"]
    assert 0 < figures["pass@1"] < figures["pass@8"] < figures["pass@20"] <= 1
    assert 0 < figures["tests/valid"] < 1 and 0 < figures["tests/mutation_score"] <= 1
    assert set(first[0]["errors"]) == set(figures) - {"tests/mul"}  # a product of two that are not independent
    table = told(*wanted)
    assert len(lines(run / "eval.jsonl")) == 3, "it is there already"
    assert all(word in table for word in ("pass@20", "mutation score", "base", f"{figures['pass@8']:.3f} ±"))
    told(*wanted, "--again")
    again = lines(run / "eval.jsonl")[3:]
    assert [line["figures"] for line in again] == [line["figures"] for line in first], (
        "of one seed come the same figures"
    )


def test_the_runs_own_evaluation_has_the_same_figures(run: Path) -> None:
    logged = lines(run / "metrics.jsonl")[-1]
    (line,) = json.loads(told(run, "--json", "--mutants", "4"))
    named = {f"eval/{name}" for name in line["figures"]}
    assert named == {name for name in logged if name.startswith("eval/")}


def test_greedy_draws_one_sample_of_models_from_folders(run: Path) -> None:
    own = run.parent
    words = [
        "--coder",
        own / "coder",
        "--tester",
        own / "tester",
        "--problems",
        own / "problems.jsonl",
        "--temperature",
        "0",
    ]
    overrides = [
        f"coder.prompt={own / 'code.txt'}",
        f"tester.prompt={own / 'test.txt'}",
        "coder.max_completion_length=1",
    ]
    out = own / "greedy.jsonl"
    told(*overrides, "tester.max_completion_length=1", *words, "--out", out)
    (line,) = lines(out)
    assert (line["settings"]["samples"], line["settings"]["coder"]["temperature"]) == (1, 0)
    assert line["figures"]["pass@1"] in (0, 0.5, 1)


@pytest.mark.parametrize("name", ["humaneval_reference", "mbpp_sanitized"])
def test_published_problems_are_taken_as_they_are(run: Path, shared_data: Path, name: str) -> None:
    """Such small models solve none of them, which is what the figures say."""
    own = run.parent
    for role in ("coder", "tester"):
        config = own / role / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"max_position_embeddings": 2048}))
    problems = shared_data / f"{name}.jsonl.gz"
    (line,) = json.loads(
        told(run, "--checkpoint", "base", "--problems", problems, "--limit", "3", "--mutants", "3", "--json")
    )
    assert line["figures"]["pass@4"] == line["figures"]["tests/mutation_score"] == 0
    assert (line["problems"]["pass@4"], line["unjudged"]) == (3, 0)


def test_mutants_tell_strong_tests_from_weak_ones(judge: Client) -> None:
    from crossjudge.contracts import AssertTest
    from crossjudge.trainer.data import TrainingProblem
    from crossjudge.trainer.training.judging import Judge
    from crossjudge.trainer.training.mutation_score import mutation_scores
    from crossjudge.trainer.training.rollout import Replies, Rollout

    references = tuple(AssertTest(code=code) for code in TESTS[:2])
    problem = TrainingProblem(
        id="one", prompt="one", entry_point="f", reference_solution=SOLUTIONS[0], reference_tests=references
    )

    def rollout(*tests: str, of: TrainingProblem = problem) -> Rollout:
        written = tuple(AssertTest(code=code) for code in tests)
        return Rollout(of, Replies((), ()), Replies((), ()), (SOLUTIONS[1],), written, (0,) * len(written))

    bare = problem.model_copy(update={"reference_solution": None})
    rollouts = [
        rollout(*TESTS[:2]), rollout(TESTS[3]), rollout(), rollout(TESTS[2]), rollout(TESTS[0], of=bare),
        rollout(TESTS[3], TESTS[0], TESTS[0]),
    ]  # fmt: skip
    patient = Judge(judge, 60, print)
    strong, trivial, none, wrong, unknown, mixed = mutation_scores(patient.judge(rollouts, True), patient, 6)
    assert strong == 1, "every mutant that the reference tests tell apart is killed by them"
    assert trivial == none == wrong == 0, "a test that the reference fails kills nobody"
    assert unknown is None
    assert mixed is not None and 0 < mixed <= 1
