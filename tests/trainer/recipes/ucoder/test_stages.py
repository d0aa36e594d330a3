"""What each stage reads out of replies, and what it leaves out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.data import TrainingProblem, load_template
from crossjudge.trainer.data.errors import BadTemplate
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.recipes.ucoder import config, testing
from crossjudge.trainer.recipes.ucoder.config import RatingConfig
from crossjudge.trainer.recipes.ucoder.errors import NothingLeft
from crossjudge.trainer.recipes.ucoder.posed import kept, posed
from crossjudge.trainer.recipes.ucoder.probing import read_problem, without_duplicates
from crossjudge.trainer.recipes.ucoder.rating import cut, rating_of
from crossjudge.trainer.recipes.ucoder.records import Probed, Rated, Skeleton
from crossjudge.trainer.recipes.ucoder.sampling import candidates_of
from crossjudge.trainer.recipes.ucoder.skeletons import most_frequent, skeleton_of
from crossjudge.trainer.recipes.ucoder.stopping import has_stopped_rising

LABELLED = """Here is a problem.

**Title:** Pairs
Description: Count the pairs of equal items
in a list.
Signature: `def count_pairs(xs: list[int]) -> int`
Example: count_pairs([1, 1]) == 1
Hint: sort first
"""
PROBLEM = TrainingProblem(id="p", prompt="twice a number", entry_point="f")


def test_a_labelled_problem_is_put_together_from_its_parts() -> None:
    text, name = read_problem(LABELLED)
    assert name == "count_pairs"
    assert text.startswith("Pairs\n\nCount the pairs of equal items\nin a list.\n\nSignature:")
    assert "Here is" not in text


def test_text_without_labels_is_the_problem_itself() -> None:
    assert read_problem(" return the sum of xs\n") == ("return the sum of xs", None)


@given(st.text())
def test_any_reply_can_be_read_as_a_problem_and_as_a_rating(reply: str) -> None:
    read_problem(reply)
    rated = rating_of("p", [reply])
    assert rated.quality is None or 0 <= rated.quality <= 1


def test_near_duplicates_and_what_is_too_many_are_left_out_with_the_reason() -> None:
    probed = [
        Probed(id=str(at), prompt=text)
        for at, text in enumerate(["a b c d", "held out text x", "A b c d", "e f g h", "i j k l"])
    ]
    found = without_duplicates(probed, 0.8, ["held out text x"], most=2)
    assert [each.left_out for each in found] == [None, "a near duplicate", "a near duplicate", None, "enough problems"]


def test_ratings_are_read_and_averaged() -> None:
    replies = ["Quality: 8\nDifficulty: 3/10\nCategory: Strings\nReason: clear", "quality: 6", "no idea", "Quality: 70"]
    rated = rating_of("p", replies)
    assert rated.quality == pytest.approx(0.7)
    assert rated.difficulty == pytest.approx(0.3)
    assert (rated.category, rated.reason) == ("strings", "clear")
    assert rating_of("p", ["no idea"]).quality is None


def test_ratings_are_cut_by_value_and_by_share() -> None:
    rated = [Rated(id=str(at), quality=quality) for at, quality in enumerate([0.9, None, 0.2, 0.8])]
    whys = [each.left_out for each in cut(rated, RatingConfig(min_quality=0.5))]
    assert whys == [None, "no quality could be read", "its quality is too low", None]
    whys = [each.left_out for each in cut(rated, RatingConfig(min_quality=0.0, keep=0.25))]
    assert whys == [None, "no quality could be read", "others are better", "others are better"]


def test_a_skeleton_has_imports_signature_and_docstring_and_no_body() -> None:
    reply = "```python\nimport math\ndef g(): ...\ndef f(x: int) -> float:\n    return math.sqrt(x)\n```"
    assert skeleton_of(reply, "f", "the root") == ("f", 'import math\n\ndef f(x: int) -> float:\n    """the root"""')
    assert skeleton_of("no function", "f", "the root") is None


def test_the_most_frequent_signature_is_taken() -> None:
    replies = ["def f(x): return 1", "def f(y): return x", "nothing", "def f(y): return 2"]
    found = most_frequent(Probed(id="p", prompt="a problem"), replies)
    assert (found.entry_point, found.agreed) == ("f", 0.5)
    assert found.code.startswith("def f(y):")
    assert most_frequent(Probed(id="p", prompt="a problem"), ["nothing"]).left_out


@pytest.mark.parametrize("in_prompt", [True, False])
def test_a_skeleton_stands_in_prompts_where_it_is_wanted(in_prompt: bool) -> None:
    [problem] = posed(
        [Probed(id="p", prompt="a problem")], [Skeleton(id="p", entry_point="f", code="def f(): ...")], in_prompt
    )
    assert problem.entry_point == "f"
    assert ("def f" in problem.prompt) == in_prompt


def test_equal_tests_of_several_replies_are_one() -> None:
    settings = config.TestsConfig(min_tests=2)
    replies = ["assert f(1) == 2", "assert f(1) == 2\nassert f(2) == 4", "nothing"]
    tested = testing.tests_of(PROBLEM, replies, settings)
    assert [getattr(test, "code", None) for test in tested.tests] == ["assert f(1) == 2", "assert f(2) == 4"]
    assert (tested.readable, tested.left_out) == (2, None)
    assert testing.tests_of(PROBLEM, replies[:1], settings).left_out == "too few tests"


def reply(text: str, log_prob: float, is_truncated: bool = False) -> Completion:
    return Completion((1, 2), (log_prob, log_prob), text, is_truncated)


def test_equal_solutions_are_one_candidate_in_its_likeliest_words() -> None:
    said = "def f(x): return 2 * x"
    sampled = candidates_of(PROBLEM, [
        reply(said, -2.0), reply(f"```python\n{said}\n```", -1.0), reply("def f(x): return x", -3.0),
        reply("def f(x): ret", -0.1, is_truncated=True), reply("", -1.0),
    ])  # fmt: skip
    assert [(each.source, each.copies, each.log_prob) for each in sampled.solutions] == [
        (said, 2, -1.0), ("def f(x): return x", 1, -3.0),
    ]  # fmt: skip
    assert sampled.solutions[0].reply.startswith("```")
    assert sampled.truncated == 1


def test_a_stage_that_leaves_nothing_says_why() -> None:
    rated = [Rated(id=name, left_out=why) for name, why in (("a", "too low"), ("b", "too low"), ("c", "unread"))]
    with pytest.raises(NothingLeft, match="rating left no problem, of 3 most because: too low"):
        kept(rated, "rating")


@pytest.mark.parametrize(
    ("values", "patience", "stops"),
    [
        ([0.5], 1, False), ([0.5, 0.6], 1, False), ([0.5, 0.5], 1, True), ([0.5, 0.4, 0.6], 2, False),
        ([0.5, 0.4, 0.45], 2, True), ([0.5, 0.52, 0.54, 0.56], 1, True), ([], 1, False),
    ],
)  # fmt: skip
def test_a_run_stops_where_the_best_is_not_bettered(values: list[float], patience: int, stops: bool) -> None:
    assert has_stopped_rising(values, patience, min_gain=0.05) == stops


def test_only_what_asks_for_problems_may_ask_for_none() -> None:
    assert "{prompt}" in load_template("ucoder_problems").text
    with pytest.raises(BadTemplate, match="is missing"):
        load_template("ucoder_problems").__class__("<|end|>")
    assert load_template("ucoder_problems").__class__("<|end|>", needs_prompt=False).fill(prompt="any") == "<|end|>"
