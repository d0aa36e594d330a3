"""Prompt templates: literal placeholders, and nothing else that means anything."""

from pathlib import Path

import pytest

from crossjudge.trainer.data import BadTemplate, Template, load_template


@pytest.mark.parametrize("role", ["coder", "tester"])
def test_each_role_has_a_template_that_names_task_and_function(role: str) -> None:
    text = load_template(role).fill(prompt="Add one to x.", entry_point="add_one")
    assert "Add one to x." in text and "add_one" in text and "```python" in text
    assert "{" not in text


def test_what_is_put_in_is_not_looked_at_again() -> None:
    template = Template("{entry_point}: {prompt} {} {1} { x } {{")
    assert template.fill(prompt="a {entry_point} %s \\1", entry_point="{prompt}") == (
        "{prompt}: a {entry_point} %s \\1 {} {1} { x } {{"
    )


def test_a_template_may_be_any_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("# {prompt}\n")
    assert load_template(file).fill(prompt="x") == load_template(str(file)).fill(prompt="x") == "# x\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{entry_point}", r"\{prompt\} is missing"),
        ("{prompt} {name}", r"no placeholder \{name\}; there are \{prompt\}, \{entry_point\}, \{code\}"),
        ("{Prompt}", r"no placeholder \{Prompt\}"),
        ("", "is missing"),
    ],
)
def test_wrong_placeholders_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.txt"
    file.write_text(text)
    with pytest.raises(BadTemplate, match=f"mine.txt: .*{complaint}"):
        load_template(file)


def test_a_template_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadTemplate, match=r"no prompt template 'codr'; there are coder, tester, .*or give the path"):
        load_template("codr")
    with pytest.raises(BadTemplate, match=r"cannot read the prompt template .*none\.txt"):
        load_template(tmp_path / "none.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff{prompt}")
    with pytest.raises(BadTemplate, match="cannot read"):
        load_template(tmp_path / "bytes.txt")


def test_an_entry_point_that_is_asked_for_must_be_there() -> None:
    with pytest.raises(BadTemplate, match="a problem has no entry_point"):
        load_template("tester").fill(prompt="x")


def test_a_white_box_shows_the_code() -> None:
    template = load_template("white_box_tester")
    assert template.shows_code and not load_template("tester").shows_code
    text = template.fill(prompt="Add one to x.", entry_point="f", code="def f(x): return {prompt}")
    assert "```python\ndef f(x): return {prompt}\n```" in text
    with pytest.raises(BadTemplate, match="no code is shown here"):
        template.fill(prompt="Add one to x.", entry_point="f")
