"""`crossjudge demo` as a newcomer runs it, interrupts it, and meets its failures."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from crossjudge.client.demo import example_problems
from crossjudge.client.demo_training import RECIPE, train_a_pair
from crossjudge.client.errors import CommandError
from queued_batches import wait_for
from running_stack import COMMAND, what_is_broken

REPOSITORY = Path(__file__).parent.parent.parent
EXPECTED = REPOSITORY / "examples" / "expected.jsonl"

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def working_sandbox() -> None:
    if broken := what_is_broken():
        pytest.skip(broken)


@contextmanager
def demo(folder: Path, steps: int = 0, **environment: str) -> Iterator[psutil.Popen]:
    """The command, started; killed where the test fails first. The Redis that others share is none of its business."""
    command = [*COMMAND, "demo", "--output", str(folder / "out"), "--workers", "2", "--steps", str(steps)]
    env = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", "REDIS_URL": NOBODY_LISTENS, **environment}
    with (folder / "said").open("wb") as said:
        process = psutil.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env)
    try:
        yield process
    finally:
        if process.is_running():
            process.kill()
            process.wait(10)


def said(folder: Path) -> str:
    return (folder / "said").read_text("utf-8")


def wait_until_it_judges(process: psutil.Popen, folder: Path) -> list[psutil.Process]:
    """Its descendants, once the first matrix has been shown."""
    wait_for(lambda: "solutions ×" in said(folder) or process.poll() is not None, "the first matrix", timeout_s=90)
    descendants: list[psutil.Process] = process.children(recursive=True)
    assert len(descendants) > 5, said(folder)
    return descendants


def are_gone(processes: list[psutil.Process]) -> bool:
    return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in processes)


@pytest.mark.nsjail
@pytest.mark.redis
def test_the_demo_ends_with_every_verdict_a_picture_and_no_process_left(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        descendants = wait_until_it_judges(process, tmp_path)
        assert process.wait(180) == 0, said(tmp_path)
        wait_for(lambda: are_gone(descendants), "an end of all processes")
    results = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    expected = [json.loads(line) for line in EXPECTED.read_text().splitlines()]
    assert [{"id": each["id"], "matrix": each["matrix"]} for each in results] == expected
    assert (tmp_path / "out" / "matrices.png").read_bytes().startswith(b"\x89PNG")
    assert "P  passed" in said(tmp_path)
    assert str(tmp_path / "out" / "matrices.png") in said(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "said"], "its temporary folder is gone"


@pytest.mark.nsjail
@pytest.mark.redis
@pytest.mark.slow
def test_a_pair_learns_in_the_demo_from_what_its_stack_says(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the trainer's extra is not installed")
    recipe = (REPOSITORY / "recipes" / RECIPE).read_text()
    with demo(tmp_path, steps=1) as process:
        assert process.wait(300) == 0, said(tmp_path)
    run = tmp_path / "out" / "run"
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [each["step"] for each in metrics if "eval/pass@1" in each] == [0, 1]
    assert metrics[1]["verifier/cells"] > 0 and (run / "checkpoint-1" / "coder").is_dir()
    assert (tmp_path / "out" / RECIPE).read_text() == recipe, "so that its commands can be typed again"
    for figure in (f"{metrics[0]['eval/pass@1']:.3f}", f"{metrics[1]['eval/tests/kill']:.3f}"):
        assert figure in said(tmp_path).split("On held-out problems")[1]


@pytest.mark.nsjail
@pytest.mark.redis
@pytest.mark.slow
def test_a_demo_that_is_killed_in_training_leaves_no_process(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the trainer's extra is not installed")
    with demo(tmp_path, steps=1000) as process:
        wait_for(lambda: "step 0/1000" in said(tmp_path) or process.poll() is not None, "training", timeout_s=180)
        descendants = process.children(recursive=True)
        process.kill()
        process.wait(60)
        wait_for(lambda: are_gone(descendants), "an end of all processes", timeout_s=60)


@pytest.mark.nsjail
@pytest.mark.redis
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_interrupted_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        descendants = wait_until_it_judges(process, tmp_path)
        process.send_signal(number)
        status = process.wait(60)
        wait_for(lambda: are_gone(descendants), "an end of all processes", timeout_s=60)
    assert status == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert "Traceback" not in said(tmp_path)


def test_a_stack_that_does_not_start_is_explained_by_its_log(tmp_path: Path) -> None:
    with demo(tmp_path, CROSSJUDGE_LOG_LEVEL="chatty") as process:
        assert process.wait(90) == 1
    assert "chatty" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)


def test_a_folder_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.jsonl").mkdir()
    with demo(tmp_path) as process:
        assert process.wait(60) == 1
    assert "choose another folder with --output" in said(tmp_path)
    assert "listens" not in said(tmp_path)


def test_the_problems_of_the_demo_are_the_examples() -> None:
    assert [problem["id"] for problem in example_problems()] == [
        json.loads(line)["id"] for line in EXPECTED.read_text().splitlines()
    ]


def test_without_torch_the_demo_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossjudge.client.demo_training.find_spec", lambda name: None)
    said_here = StringIO()
    train_a_pair(tmp_path, "http://127.0.0.1:1", 1, Console(file=said_here, width=1000))
    assert (
        "torch, transformers, peft, yaml cannot be imported: pip install 'crossjudge[trainer]'" in said_here.getvalue()
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_run_of_a_demo_is_not_taken_away(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the trainer's extra is not installed")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("mine")
    with pytest.raises(CommandError, match="choose another folder with --output"):
        train_a_pair(tmp_path, "http://127.0.0.1:1", 1, Console(file=StringIO()))
    assert (tmp_path / "run" / "thesis.tex").read_text() == "mine"
