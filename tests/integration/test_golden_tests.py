"""The recipe of one's own that docs/extending.md shows."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.recipes.registry import config_of, recipe_of
from wordy_models import wordy_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]
ROOT = Path(__file__).parent.parent.parent
NAME = "examples.golden_tests"


def test_the_coder_learns_from_reference_tests(judge: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    settings = {**wordy_run(tmp_path), "max_steps": 8, "eval_steps": 8, "no_code": -0.1}
    del settings["selector"]
    config = config_of(NAME).model_validate(settings)
    recipe_of(NAME).train(config, judge, Console(file=StringIO()))
    metrics = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert metrics[-1]["eval/pass@1"] > metrics[0]["eval/pass@1"] + 0.3
    weights = "tester/model.safetensors"  # the tester stays what it was
    assert (tmp_path / "run" / "checkpoint-8" / weights).read_bytes() == (tmp_path / weights).read_bytes()
    assert all(each["tester/scored"] == 0 for each in metrics[1:])


def test_a_recipe_is_short() -> None:
    texts = [part.read_text("utf-8") for part in (ROOT / "examples" / "golden_tests").glob("*.py")]
    assert sum(text.count("\n") for text in texts) < 200
