"""Code-A1's rewards against the values that its authors show, and where they give nothing."""

import numpy as np
import pytest

from crossjudge.trainer.rewards import BadOption, CodeA1Coder, CodeA1Tester, Judged, Reply

BOOK = Judged.of("PF")  # h = 1/2
EMPTY = Judged()


def told(reward: CodeA1Tester, letters: str, book: Judged = BOOK, *, invalid: int = 0, runs: bool = True) -> float:
    return float(reward.of([Reply(Judged.of(letters), invalid)], book, runs=runs).values[0])


@pytest.mark.parametrize(
    ("letters", "adversity", "total"),
    [("FPP", 0.417, 0.708), ("FFP", 0.583, 0.792)],
)
def test_the_worked_values_of_the_paper(letters: str, adversity: float, total: float) -> None:
    rewards = CodeA1Tester(tests=3).of([Reply(Judged.of(letters))], BOOK, runs=True)
    assert rewards.parts["validity"].tolist() == [1]
    assert rewards.parts["adversity"][0] == pytest.approx(adversity, abs=5e-4)
    assert rewards.values[0] == pytest.approx(total, abs=5e-4)


def test_code_and_figure_differ_where_the_solution_passes_everything() -> None:
    two_of_three = {"letters": "PP", "invalid": 1}  # R_val = 2/3, g = 0, h = 1/2
    assert told(CodeA1Tester(tests=3), **two_of_three) == pytest.approx(1 / 3 + 0.25 / 2)  # type: ignore[arg-type]
    figure = CodeA1Tester(tests=3, unfailed="figure")
    assert told(figure, **two_of_three) == pytest.approx(0.333, abs=5e-4)  # type: ignore[arg-type]
    assert told(figure, "FPP") == told(CodeA1Tester(tests=3), "FPP")
    with pytest.raises(BadOption, match="code, figure, not 'paper'"):
        CodeA1Tester(unfailed="paper")


def test_without_a_book_the_failed_share_is_all() -> None:
    assert told(CodeA1Tester(alpha=0), "FFPP", EMPTY) == 2 / 8
    assert told(CodeA1Tester(alpha=0), "F" * 12, EMPTY) == 1
    assert told(CodeA1Tester(alpha=0), "PPPPPPPPFF", EMPTY) == 0  # only the first eight are looked at


def test_validity_counts_against_what_was_asked_for() -> None:
    only_validity = CodeA1Tester(alpha=1)
    assert told(only_validity, "PPPP") == 0.5
    assert told(only_validity, "P" * 20) == 1
    assert told(only_validity, "P" * 20, invalid=2) == 0.75
    assert told(only_validity, "P" * 20, invalid=9) == 0


def test_a_reply_without_valid_tests_attacks_nothing() -> None:
    assert told(CodeA1Tester(), "", BOOK) == told(CodeA1Tester(), "", EMPTY) == 0


def test_against_a_solution_that_does_not_run_only_the_unprintable_counts() -> None:
    replies = [Reply(Judged.of("EEEE")), Reply(Judged.of("EEEE"), unprintable=0.25)]
    assert CodeA1Tester().of(replies, BOOK, runs=False).values.tolist() == [0, -0.25]


def test_tests_that_were_not_judged_are_left_out() -> None:
    attack = CodeA1Tester(alpha=0)
    assert told(attack, "FXS", EMPTY) == 1 / 6
    assert np.isnan(told(attack, "XS", EMPTY))
    assert np.isnan(told(attack, "F", Judged.of("XS")))
    assert told(attack, "F" * 8, Judged.of("FX")) == 0.5
    assert np.isnan(CodeA1Coder().of([Reply(Judged.of("X"))], EMPTY)[0])
    assert CodeA1Coder().of([Reply(Judged.of("X")), Reply(Judged.of("PFX"))], EMPTY)[0] == 0.5


@pytest.mark.parametrize(
    ("valid", "book", "expected"),
    [("PPPF", "PF", 0.625), ("", "PF", 0.5), ("PPPF", "", 0.75), ("", "", 0), ("EE", "EE", 0)],
)
def test_a_solution_is_worth_the_mean_of_the_halves_that_there_are(valid: str, book: str, expected: float) -> None:
    assert CodeA1Coder().of([Reply(Judged.of(valid))], Judged.of(book))[0] == expected


def test_a_solution_is_worth_the_mean_over_its_replies() -> None:
    value, each = CodeA1Coder().of([Reply(Judged.of("PP")), Reply(Judged.of("FF")), Reply(EMPTY)], Judged.of("PP"))
    assert each.tolist() == [1, 0.5, 1]
    assert value == pytest.approx(2.5 / 3)
    assert np.isnan(CodeA1Coder().of([], BOOK)[0])
