"""A world of very small models, from nothing to its figures."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="base models are trained with torch")
pytest.importorskip("transformers", reason="base models are those of transformers")


from crossjudge.client.errors import CommandError  # noqa: E402
from crossjudge.trainer.world import evaluation  # noqa: E402
from crossjudge.trainer.world.build import build  # noqa: E402
from crossjudge.trainer.world.grammar import Task, assertion  # noqa: E402
from crossjudge.trainer.world.models import digest_of, make_model  # noqa: E402
from crossjudge.trainer.world.problems import split_tasks  # noqa: E402
from crossjudge.trainer.world.processes import Job, Made, Message, Trained, make_models  # noqa: E402
from crossjudge.trainer.world.settings import ModelSettings, Role, WorldSettings  # noqa: E402

TINY = WorldSettings(
    model=ModelSettings(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2),
    batch_size=8,
    coder_steps=10,
    problems_steps=10,
    tester_steps=10,
    shared_steps=10,
    white_box_tester_steps=10,
    white_box_shared_steps=10,
    eval_problems=5,
)


def test_a_world_is_built_once_and_then_copied(tmp_path: Path) -> None:
    heard: list[Message] = []
    wanted: list[Role] = ["shared", "problems"]
    first = build(tmp_path / "one", TINY, cache=tmp_path / "cache", roles=wanted, told=heard.append)
    of_both = [(type(message), message.role) for message in heard if message.role != "problems"]
    assert of_both == [(Trained, "tester"), (Made, "tester"), (Trained, "shared"), (Made, "shared")], "starts as it"
    assert {type(message) for message in heard if message.role == "problems"} == {Trained, Made}

    again = build(tmp_path / "two", TINY, cache=tmp_path / "cache", roles=wanted, told=heard.append)
    assert len(heard) == 6, "a cached model was trained anew"
    assert again == first == json.loads((tmp_path / "two" / "world.json").read_text("utf-8"))
    weights = [(tmp_path / name / "shared" / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]
    assert {"specs/well_formed", "specs/novel", "specs/distinct"} == first["models"]["problems"]["figures"].keys()
    assert first["models"]["shared"]["digest"] == digest_of("shared", TINY)
    assert {each.name for each in (tmp_path / "two").iterdir()} == {
        "coder.txt", "held_out.jsonl", "pool.jsonl", "problems", "problems.txt", "shared", "tester.txt",
        "white_box_tester.txt", "world.json",
    }  # fmt: skip


@pytest.mark.slow
def test_white_box_models_start_as_the_tester_and_are_measured_in_their_parts(tmp_path: Path) -> None:
    world = build(tmp_path / "world", TINY, cache=tmp_path / "cache", roles=["white_box_tester", "white_box_shared"])
    assert {each.name for each in (tmp_path / "cache").iterdir()} == {
        digest_of("tester", TINY), *(made["digest"] for made in world["models"].values()),
    }  # fmt: skip
    figures = {role: set(made["figures"]) for role, made in world["models"].items()}
    assert "pass@1" in figures["white_box_shared"] - figures["white_box_tester"]
    assert "tests/right" in figures["white_box_shared"] & figures["white_box_tester"]


def test_the_same_settings_make_the_same_model(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    for name in ("a", "b"):
        make_model("shared", TINY, None, tmp_path / name, lambda steps, loss: None)
    made = [json.loads((tmp_path / name / "made.json").read_text("utf-8")) for name in ("a", "b")]
    assert made[0]["figures"] == made[1]["figures"]
    assert {"pass@1", "pass@4", "tests/right", "tests/kill"} <= made[0]["figures"].keys()
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("a", "b")]
    assert weights[0] == weights[1]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    assert model.dtype == torch.float32, "stored in 16 bits, but trained and run in 32"


def test_what_shapes_a_model_shapes_its_digest() -> None:
    digest = digest_of("coder", TINY)
    others: list[dict[str, object]] = [{"seed": 1}, {"name": "hard"}, {"coder_steps": 11}, {"learning_rate": 5e-4}]
    assert len({digest, *(digest_of("coder", TINY.model_copy(update=each)) for each in others)}) == 5
    longer_tester = TINY.model_copy(update={"tester_steps": 11})
    assert digest == digest_of("coder", longer_tester)
    assert digest_of("shared", TINY) != digest_of("shared", longer_tester), "the shared model starts as the tester"


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "coder").mkdir()
    (tmp_path / "coder" / "thesis.tex").write_text("mine")
    with pytest.raises(CommandError, match=r"coder is there and is no base model"):
        build(tmp_path, TINY, cache=tmp_path / "cache", roles=["coder"])
    assert [each.name for each in tmp_path.iterdir()] == ["coder"]


def test_a_process_that_fails_is_named_with_its_reason(tmp_path: Path) -> None:
    too_short = TINY.model_copy(update={"model": TINY.model.model_copy(update={"hidden_size": 15})})
    with pytest.raises(CommandError, match=r"base model coder could not be made:[^$]*Error"):
        make_models([Job("coder", too_short, tmp_path / "coder")], 1, lambda message: None)


def test_figures_of_replies_that_are_known() -> None:
    task = Task("sum", "square", "even", "all")
    wrong = task.mistaken("mapping")
    assert evaluation.coder_figures([task, wrong], [[task.code, "no code"], [task.code, task.code]], seed=0) == {
        "pass@1": 0.25, "pass@2": 0.5, "pass@1/no_trap": 0.5, "pass@1/trap": 0.0, "solutions/runnable": 0.75,
    }  # fmt: skip
    # [2] has the same sum of squares as of doubles, and tells none of odd, count and all but the first: 4, 0, 1, 0.
    replies = [[assertion([2], 4), assertion([2], 5), "assert f(xs) == 4", assertion([4, 3], 16)]]
    assert evaluation.tester_figures([task], replies) == {
        "tests/readable": 0.75, "tests/right": 0.5, "tests/kill": (3 / 4 + 1) / 2, "tests/mean_length": 4 / 3,
    }  # fmt: skip


def test_a_spec_counts_as_novel_where_the_model_has_not_been_shown_it() -> None:
    split = split_tasks(0)
    shown, held_out = split.pretraining[0].spec, split.held_out[0].spec
    assert evaluation.spec_figures([shown, held_out, held_out, "return the sum of sum of"], seed=0) == {
        "specs/well_formed": 0.75, "specs/novel": 0.5, "specs/distinct": 0.75,
    }  # fmt: skip
