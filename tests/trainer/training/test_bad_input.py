"""Bad input ends a run with one message that says what to change, before any model is asked anything."""

import json
import resource
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from crossjudge.client.cli import guarded
from crossjudge.trainer.training.command import train
from pretend_service import Canned, PretendService, refusal
from wordy_models import wordy_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # transformers' own
Settings = dict[str, Any]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two models, problems and templates."""
    folder = tmp_path_factory.mktemp("models")
    wordy_run(folder)
    return folder


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendService]:
    """A verifier of this version, to which every solution passes everything."""
    with PretendService() as pretend:
        pretend.extra["version"] = version("crossjudge")
        monkeypatch.setenv("CROSSJUDGE_URL", pretend.url)
        monkeypatch.delenv("CROSSJUDGE_API_KEY", raising=False)
        yield pretend


@pytest.fixture
def settings(models: Path, tmp_path: Path) -> Settings:
    """A run of one step on files of its own."""
    own = tmp_path / "own"
    shutil.copytree(models, own)
    role = {"max_completion_length": 1, "num_generations": 2}
    return {
        "output_dir": str(tmp_path / "run"), "problems": str(own / "problems.jsonl"), "layout": "separate",
        "max_steps": 1, "problems_per_step": 2, "selector": {"name": "codet"}, "save_steps": 1,
        "coder": {**role, "model": str(own / "coder"), "prompt": str(own / "code.txt")},
        "tester": {**role, "model": str(own / "tester"), "prompt": str(own / "test.txt")},
    }  # fmt: skip


def told(settings: Settings, *words: str) -> tuple[int, str]:
    """The exit status of `crossjudge train zerocoder` and what it says."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(guarded(train))
    file = Path(settings["problems"]).parent / "run.yaml"
    file.write_text(yaml.safe_dump(settings))
    result = CliRunner().invoke(app, ["zerocoder", str(file), *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def lines(settings: Settings, key: str = "problems", *inside: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(settings[key], *inside).read_text().splitlines()]


def write(path: str | Path, documents: list[dict[str, Any]]) -> str:
    Path(path).write_text("".join(json.dumps(each) + "\n" for each in documents))
    return str(path)


def problem(**fields: Any) -> Callable[[Settings], None]:
    """The second problem with these fields, None for without."""

    def change(settings: Settings) -> None:
        first, second = lines(settings)
        second = {name: value for name, value in (second | fields).items() if value is not None}
        write(settings["problems"], [first, second])

    return change


def also(key: str, **fields: Any) -> Callable[[Settings], None]:
    """Another file of problems, named by `key`, whose second problem has these fields."""

    def change(settings: Settings) -> None:
        first, second = lines(settings)
        second = {name: value for name, value in (second | fields).items() if value is not None}
        place, _, last = key.rpartition(".")
        section = settings.setdefault(place, {}) if place else settings
        section[last] = write(Path(settings["problems"]).with_name("also.jsonl"), [first, second])

    return change


def text(name: str, written: str) -> Callable[[Settings], None]:
    return lambda settings: Path(settings["problems"]).with_name(name).write_text(written) and None


def without(*names: str) -> Callable[[Settings], None]:
    def change(settings: Settings) -> None:
        for name in names:
            for found in Path(settings["coder"]["model"]).glob(name):
                found.unlink()

    return change


def cut(name: str) -> Callable[[Settings], None]:
    """A file of the coder, and only its beginning."""

    def change(settings: Settings) -> None:
        path = Path(settings["coder"]["model"]) / name
        path.write_bytes(path.read_bytes()[:100])

    return change


def both(*changes: Callable[[Settings], None]) -> Callable[[Settings], None]:
    def change(settings: Settings) -> None:
        for each in changes:
            each(settings)

    return change


def nothing(settings: Settings) -> None: ...


CASES: list[tuple[Callable[[Settings], None], list[str], str]] = [
    (nothing, ["coder.learning_rat=1"], "coder.learning_rat: there is no such key; did you mean 'learning_rate'?"),
    (nothing, ["calibration.limt=3"], "did you mean 'limit'?"),
    (nothing, ["report_to=tensorbord"], "report_to"),
    (nothing, ["coder.warmup_steps=9"], "coder: "),
    (nothing, ["selector.name=code"], "did you mean 'codet'?"),
    (nothing, ["selector.options.prior=1"], "has no option 'prior'"),
    (nothing, ["tester.reward.name=produkt"], "did you mean 'product'?"),
    (nothing, ["coder.reward.options.a=1"], "has no option 'a'"),
    (nothing, ["tester.reward.options.discrimination=mutants"], "set mutants"),
    (text("problems.jsonl", '{"id": "one", "prompt": "one"}\n{"id": \n'), [], "problems.jsonl, line 2: not JSON"),
    (problem(prompt=None), [], "line 2: the field 'prompt' is missing"),
    (problem(id="one"), [], "line 2: the id 'one' is that of line 1 already"),
    (text("problems.jsonl", ""), [], "there is no problem in it"),
    (nothing, ["problems=nowhere.jsonl"], "nowhere.jsonl"),
    (nothing, ["problems_per_step=3"], "problems_per_step is 3"),
    (also("eval_problems", reference_tests=None), [], "1 of 2 problems have no reference solution and tests"),
    (also("calibration.problems", reference_solution=None), [], "add reference_solution"),
    (text("code.txt", "{promt}"), [], "no placeholder {promt}"),
    (text("code.txt", "write"), [], "{prompt} is missing"),
    (nothing, ["tester.prompt=testr"], "no prompt template 'testr'"),
    (nothing, ["layout=shared"], "set model, and not coder.model"),
    (nothing, ["coder.model=null"], "model is missing"),
    (nothing, ["coder.model=/nowhere"], "there is no folder '/nowhere'"),
    (nothing, ["device=cuda:7"], "device 'cuda:7' cannot be used"),
    (without("tokenizer*"), [], "no tokenizer could be loaded"),
    (without("*.safetensors"), [], "no causal language model could be loaded"),
    (cut("model.safetensors"), [], "no causal language model could be loaded"),
    (cut("tokenizer.json"), [], "no tokenizer could be loaded"),
    (nothing, ["coder.max_completion_length=32"], "max_completion_length is 32, and the model's context holds 32"),
    (nothing, ["coder.max_completion_length=31"], "set coder.max_completion_length to 30 at most"),
    (problem(prompt="one " * 40), [], "that of 'two' has 41"),
    (also("eval_problems", prompt="one " * 40), [], "eval_problems: 1 of 2 prompts of the coder are too long"),
    (also("calibration.problems", prompt="one " * 40), [], "calibration.problems: 1 of 2 prompts"),
    (nothing, ["verifier.url=http://127.0.0.1:1"], "start a verifier with `crossjudge up`, or name one"),
    (both(problem(entry_point=None, reference_solution=None), text("code.txt", "{prompt} {entry_point}")), [],
     "'two' of problems has none: add entry_point"),
    (nothing, ["coder=3"], "coder"),
    (nothing, ["output_dir=/dev/null/run"], "nothing can be written into /dev/null/run"),
    (nothing, ["verifier.limits.cpu_seconds=-1"], "verifier.limits.cpu_seconds"),
    (nothing, ["verifier.limits.cpu_seconds=61"], "at most 60"),
    (nothing, ["coder.temperature=0"], "coder.temperature"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words", "says"), CASES, ids=[f"{at}: {case[2][:50]}" for at, case in enumerate(CASES)]
)
def test_bad_input_is_told_before_a_model_is_asked(
    service: PretendService, settings: Settings, change: Callable[[Settings], None], words: list[str], says: str
) -> None:
    change(settings)
    status, said = told(settings, *words)
    assert (status, says in said) == (1, True), said
    assert "Traceback" not in said
    assert len(service.batches) <= 1, "more was judged than whether the verifier judges"


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([], "is crossjudge 99.0"),
        ([None, refusal(503, "there is no worker")], "there is no worker"),
        ([None, None, refusal(401, "this service wants a key")], "this service wants a key"),
        ([Canned(200, {"Content-Type": "text/html"}, b"<html>")], "name one with verifier.url"),
    ],
)
def test_a_verifier_that_cannot_be_used_is_told(
    service: PretendService, settings: Settings, answers: list[Canned | None], says: str
) -> None:
    honest = Canned(200, {"Content-Type": "application/json"}, json.dumps(service.extra | {"workers": 1}).encode())
    service.extra["version"] = "99.0"
    service.script.extend(answer or honest for answer in answers)
    status, said = told(settings)
    assert (status, says in said) == (1, True), said


def trained(settings: Settings) -> Path:
    """The run's folder, with a checkpoint of its one step."""
    assert told(settings)[0] == 0
    return Path(settings["output_dir"])


def damaged(name: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        path = run / name
        path.write_bytes(path.read_bytes()[:64])

    return change


@pytest.mark.parametrize(
    ("change", "words", "says"),
    [
        (damaged("checkpoint-1/coder/model.safetensors"), [], "no causal language model could be loaded"),
        (damaged("checkpoint-1/trainer_state.pt"), [], "resume from an earlier one"),
        (lambda run: shutil.rmtree(run / "checkpoint-1" / "tester"), [], "checkpoint-1/tester"),
        (
            lambda run: (run / "metrics.jsonl").write_text("{}\n"),
            [],
            "metrics.jsonl has a line that is none",
        ),
        (lambda run: None, ["seed=1"], "seed is 1, and the run in"),
        (lambda run: None, ["layout=shared"], "layout is 'shared'"),
        (lambda run: None, ["coder.model=other"], "coder.model is 'other'"),
        (lambda run: None, ["--resume", "3"], "no checkpoint of step 3; there are 1"),
        (lambda run: None, ["--resume", "never"], "holds a run already"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(
    service: PretendService, settings: Settings, change: Callable[[Path], Any], words: list[str], says: str
) -> None:
    run = trained(settings)
    change(run)
    kept = (run / "config.yaml").read_bytes()
    status, said = told(settings, "max_steps=2", *words)
    assert (status, says in said) == (1, True), said
    assert "Traceback" not in said
    assert says.startswith("metrics") or (run / "config.yaml").read_bytes() == kept


def test_what_may_change_is_told_and_goes_on(service: PretendService, settings: Settings) -> None:
    run = trained(settings)
    status, said = told(settings, "max_steps=2", "coder.learning_rate=0.5")
    assert status == 0
    assert "going on with" in said and "max_steps 1 → 2" in said and "coder.learning_rate 1e-06 → 0.5" in said
    assert (run / "checkpoint-2").is_dir()
    assert "nothing is left to do" in told(settings, "max_steps=2", "coder.learning_rate=0.5")[1]


def test_a_full_disk_ends_a_run_and_leaves_the_checkpoint_before(service: PretendService, settings: Settings) -> None:
    run = trained(settings)
    before = {path: path.read_bytes() for path in sorted((run / "checkpoint-1").rglob("*")) if path.is_file()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, hard))  # what no file of weights fits into
    try:
        status, said = told(settings, "max_steps=2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (status, "cannot save" in said, "earlier checkpoints are as they were" in said) == (1, True, True), said
    assert {path: path.read_bytes() for path in before} == before
    assert not list(run.glob(".checkpoint*"))
    assert told(settings, "max_steps=2")[0] == 0


def test_a_verifier_that_goes_away_ends_a_run_that_is_saved(
    service: PretendService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossjudge.trainer.recipes.zerocoder.recipe import ZeroCoder

    step = ZeroCoder.step

    def gone_in_the_third(self: ZeroCoder, number: int, problems: Any) -> Any:
        if number == 3:
            service.script.extend([refusal(503, "gone for good")] * 100)
        return step(self, number, problems)

    monkeypatch.setattr(ZeroCoder, "step", gone_in_the_third)
    status, said = told(settings, "max_steps=4", "save_steps=0", "verifier.patience_seconds=0")
    assert (status, "gone for good" in said) == (1, True), said
    logged = lines(settings, "output_dir", "metrics.jsonl")[-1]["step"]
    assert logged >= 2 and f"step {logged} is saved" in said
    service.script.clear()
    monkeypatch.setattr(ZeroCoder, "step", step)
    status, said = told(settings, "max_steps=4", "save_steps=0")
    assert status == 0 and f"resumed after step {logged}" in said


def test_what_is_right_trains(service: PretendService, settings: Settings) -> None:
    assert told(settings)[0] == 0
