"""The tokenizer loses nothing of what the world is made of."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="the tokenizer is one of transformers")

from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.world.examples import prompt_template, render
from crossjudge.trainer.world.grammar import all_tasks, assertion
from crossjudge.trainer.world.settings import Part
from crossjudge.trainer.world.tokenizer import CODER, END, PAD, TESTER, UNKNOWN, VOCABULARY, make_tokenizer

TASKS = list(all_tasks())
TOKENIZER: Any = make_tokenizer()


def text_of(ids: list[int]) -> str:
    text: str = TOKENIZER.decode(ids)
    return text


def test_every_spec_and_every_solution_comes_back() -> None:
    texts = [text for task in TASKS for text in (task.spec, task.code)]
    ids = TOKENIZER(texts)["input_ids"]
    assert TOKENIZER.batch_decode(ids) == texts
    assert TOKENIZER.unk_token_id not in {each for row in ids for each in row}


@given(st.sampled_from(TASKS), st.lists(st.integers(-999, 999), max_size=8))
def test_every_test_comes_back(task: Any, xs: list[int]) -> None:
    test = assertion(xs, task.apply(xs))
    ids = TOKENIZER(test)["input_ids"]
    assert text_of(ids) == test
    assert TOKENIZER.unk_token_id not in ids


@given(st.lists(st.sampled_from(VOCABULARY[5:]), max_size=20))
def test_whatever_a_model_writes_reads_back_as_the_same_text(pieces: list[str]) -> None:
    text = "".join(pieces) + CODER
    assert text_of(TOKENIZER(text)["input_ids"]) == text


def test_every_entry_is_used() -> None:
    texts = [text for task in TASKS for text in (task.spec, task.code)] + [assertion(list(range(-9, 10)), 0)]
    used = {each for row in TOKENIZER(texts)["input_ids"] for each in row}
    assert used == set(range(5, len(VOCABULARY)))


def test_a_prompt_ends_with_the_role_whose_reply_follows() -> None:
    spec = TASKS[0].spec
    tokens: dict[Part, str] = {"coder": CODER, "tester": TESTER}
    for role, token in tokens.items():
        for end in ("", "\n"):
            ids = TOKENIZER(render(prompt_template(role), spec) + end)["input_ids"]
            assert ids == [*TOKENIZER(spec)["input_ids"], TOKENIZER.convert_tokens_to_ids(token)]


def test_a_white_box_shows_the_solution_before_the_tester_replies() -> None:
    task = TASKS[0]
    ids = TOKENIZER(render(prompt_template("white_box_tester"), task.spec, task.code))["input_ids"]
    assert text_of(ids) == task.spec + CODER + task.code + TESTER
    assert TOKENIZER.unk_token_id not in ids


def test_it_is_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    TOKENIZER.save_pretrained(tmp_path)
    loaded: Any = AutoTokenizer.from_pretrained(tmp_path)
    text = TASKS[7].spec + TESTER
    assert loaded(text)["input_ids"] == TOKENIZER(text)["input_ids"]
    assert loaded.decode(loaded(text)["input_ids"]) == text
    assert (loaded.pad_token, loaded.eos_token, loaded.unk_token) == (PAD, END, UNKNOWN)
    assert loaded.padding_side == "left"
