"""What README and docs show as code runs as it stands there, against the real stack."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crossjudge.contracts import Batch, GroupSample, SampleAnswer

REPOSITORY = Path(__file__).parent.parent.parent
DOCUMENTS = ["README.md", "docs/api.md", "docs/groups.md", "docs/mutation.md"]
DEFAULT_URL = "http://127.0.0.1:8000"


def blocks(document: str, language: str) -> list[str]:
    text = (REPOSITORY / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.nsjail
@pytest.mark.redis
@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_in_documents_runs_as_it_stands(document: str, stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = blocks(document, "python")
    assert found
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in found:
        exec(compile(block.replace(DEFAULT_URL, stack), document, "exec"), names)
        for printed, comment in re.findall(r"^\s*print\((.+?)\)  # (\[.*\])", block, re.MULTILINE):
            assert repr(eval(printed, names)) == comment, f"{document} says what {printed} prints"


@pytest.mark.nsjail
@pytest.mark.redis
def test_the_curl_example_of_the_readme_answers_a_matrix(stack: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (command,) = blocks("README.md", "sh")
    answer = subprocess.run(
        ["sh", "-c", command.replace(DEFAULT_URL, stack)], capture_output=True, text=True, check=True, timeout=60
    )
    status = json.loads(answer.stdout)
    assert [problem["matrix"] for problem in status["problems"]] == [["PP"]]


def test_the_request_that_docs_show_is_one_that_is_taken() -> None:
    request = json.loads(blocks("docs/api.md", "json")[0])
    assert Batch.model_validate(request).problems[0].id == "HumanEval/0"


def test_the_samples_that_docs_show_are_ones_that_are_taken() -> None:
    sample = json.loads(blocks("docs/groups.md", "json")[0])
    assert GroupSample.model_validate(sample).size == 8
    assert GroupSample.model_fields.keys() == sample.keys() | {"test", "fork_per_cell", "priority", "weight"}
    answer = json.loads(blocks("docs/groups.md", "json")[1])
    assert SampleAnswer.model_validate(answer).reward == 0.75
    assert SampleAnswer.model_fields.keys() == answer.keys()


@pytest.mark.parametrize("document", sorted(str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("[A-Z]*.md")))
def test_links_within_the_repository_lead_somewhere(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)]+)\)", text) if not t.startswith(("http", "#"))]
    missing = [t for t in targets if not ((REPOSITORY / document).parent / t).exists()]
    assert not missing


def test_the_readme_names_every_target_that_a_newcomer_needs_and_only_such_as_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (REPOSITORY / "README.md").read_text("utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
