"""UCoder end to end: real models, the real verifier, and a run that is killed wherever it happens to be."""

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.recipes.ucoder.config import UCoderConfig
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Player
from little_world import little_world, settings_of

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]
STAGES = ["1-probing", "2-rating", "3-skeletons", "4-tests", "5-sampling", "6-execution", "7-selection",
          "8-consolidation"]  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return little_world(tmp_path_factory.mktemp("little") / "world")


@pytest.fixture(scope="module")
def whole(world: Path, stack: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody stopped."""
    place = tmp_path_factory.mktemp("whole") / "run"
    with Client(stack, run="ucoder") as judge:
        trained(settings_of(world, place), judge)
    return place


def trained(settings: dict[str, Any], judge: Client, resume: str = "auto") -> str:
    """What the run says."""
    from crossjudge.trainer.recipes.ucoder.recipe import train

    said = StringIO()
    train(UCoderConfig.model_validate(settings), judge, Console(file=said, width=200), resume)
    return said.getvalue()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def untimed(run: Path) -> list[dict[str, Any]]:
    metrics = lines(run / "metrics.jsonl")
    return [{name: value for name, value in each.items() if not name.startswith("time/")} for each in metrics]


def assert_equal_runs(one: Path, other: Path) -> None:
    assert untimed(one) == untimed(other)
    files = [Path(f"iteration-{number}/{stage}.jsonl") for number in (1, 2) for stage in STAGES]
    files += [Path("samples.jsonl"), Path("checkpoint-2/policy/model.safetensors")]
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


def test_a_coder_learns_from_its_own_agreement(whole: Path) -> None:
    metrics = lines(whole / "metrics.jsonl")
    assert [each["step"] for each in metrics] == [0, 1, 2]
    assert metrics[2]["eval/pass@1"] > metrics[0]["eval/pass@1"] + 0.1
    assert metrics[2]["selection/agreement"] > metrics[1]["selection/agreement"]
    for number in (1, 2):
        place = whole / f"iteration-{number}"
        assert sorted(each.name for each in place.iterdir()) == [
            *(f"{each}.jsonl" for each in STAGES),
            "statistics.json",
        ]
        statistics = json.loads((place / "statistics.json").read_text())
        assert statistics["probing"]["kept"] == metrics[number]["probing/kept"] > 0


def test_samples_show_what_was_chosen(whole: Path) -> None:
    for sample in lines(whole / "samples.jsonl"):
        assert [len(row) for row in sample["matrix"]] == [len(sample["tests"])] * len(sample["solutions"])
        if sample["abstain"] is None:
            [chosen] = sample["chosen"]
            assert [at for at, cell in enumerate(sample["matrix"][chosen]) if cell == "P"] == sample["chosen_tests"]


def test_problems_are_new_and_none_is_one_to_be_measured_with(whole: Path, world: Path) -> None:
    held_out = {each["prompt"] for each in lines(world / "held_out.jsonl")}
    prompts = [
        each["prompt"] for number in (1, 2) for each in lines(whole / f"iteration-{number}" / "1-probing.jsonl")
        if each["left_out"] is None
    ]  # fmt: skip
    assert len(set(prompts)) == len(prompts)
    assert not held_out & set(prompts)


class Killed(BaseException):
    """No exception that anything would catch, like a signal."""


@pytest.mark.parametrize(
    "calls", [13, *(pytest.param(calls, marks=pytest.mark.slow) for calls in (2, 5, 8, 10, 16, 18, 23, 28))]
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    whole: Path, world: Path, judge: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """Each of the models' and the verifier's calls may be the last one; between stages and within them."""
    left = calls
    replies, judged = Player.replies, Judge.judge

    def counted() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    def replies_until_killed(self: Player, *arguments: Any, **named: Any) -> Any:
        counted()
        return replies(self, *arguments, **named)

    def judged_until_killed(self: Judge, *arguments: Any, **named: Any) -> Any:
        counted()
        return judged(self, *arguments, **named)

    monkeypatch.setattr(Player, "replies", replies_until_killed)
    monkeypatch.setattr(Judge, "judge", judged_until_killed)
    settings = settings_of(world, tmp_path / "run")
    with pytest.raises(Killed):
        trained(settings, judge)
    monkeypatch.undo()
    trained(settings, judge)
    assert_equal_runs(tmp_path / "run", whole)


def test_who_names_where_to_go_on_from_gets_later_iterations_anew(
    whole: Path, world: Path, judge: Client, tmp_path: Path
) -> None:
    from crossjudge.trainer.policy.errors import UnusableModel

    shutil.copytree(whole, tmp_path / "run")
    settings = settings_of(world, tmp_path / "run")
    settings["sampling"] |= {"num_generations": 6}
    with pytest.raises(UnusableModel):
        trained({**settings, "model": str(tmp_path / "nothing")}, judge, resume="1")
    assert (tmp_path / "run" / "checkpoint-2").exists(), "a mistake in the configuration costs nothing"
    trained(settings, judge, resume="1")
    samples = [lines(tmp_path / "run" / f"iteration-{number}" / "5-sampling.jsonl") for number in (1, 2)]
    assert [max(sum(one["copies"] for one in each["solutions"]) for each in some) for some in samples] == [12, 6]


def test_it_stops_where_nothing_is_gained(whole: Path, world: Path, judge: Client, tmp_path: Path) -> None:
    settings = settings_of(world, tmp_path / "run") | {
        "iterations": 9, "stop": {"metric": "eval/pass@1", "min_gain": 1.0},
    }  # fmt: skip
    said = trained(settings, judge)
    assert "stopped: eval/pass@1 rises no more" in said
    assert len(lines(tmp_path / "run" / "metrics.jsonl")) == 2
    assert "stopped" in trained(settings, judge), "a run that is over is not gone on with"
    assert len(lines(tmp_path / "run" / "metrics.jsonl")) == 2


def test_a_stage_that_leaves_nothing_ends_the_run_with_the_reason(world: Path, judge: Client, tmp_path: Path) -> None:
    from crossjudge.trainer.recipes.ucoder.errors import NothingLeft

    settings = settings_of(world, tmp_path / "run")
    settings["rating"] |= {"min_quality": 1.0}
    with pytest.raises(NothingLeft, match=r"rating left no problem, of 7 most because: its quality is too low"):
        trained(settings, judge)


def test_what_is_too_long_to_be_asked_is_left_out_at_once(world: Path, judge: Client, tmp_path: Path) -> None:
    from crossjudge.trainer.recipes.ucoder.errors import NothingLeft

    settings = settings_of(world, tmp_path / "run")
    settings["sampling"] |= {"max_completion_length": 124}  # of a context of 128, and a prompt has six tokens
    with pytest.raises(NothingLeft, match="each of 6 problems is too long to be asked"):
        trained({**settings, "eval_problems": None}, judge)
    statistics = json.loads((tmp_path / "run" / "iteration-1" / "statistics.json").read_text())
    assert statistics["skeletons"]["too_long"] == statistics["skeletons"]["kept"] > 0
