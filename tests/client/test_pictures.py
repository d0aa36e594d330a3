"""Heatmaps and matrices in a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from crossjudge.client import CrossjudgeError
from crossjudge.client.palette import COLOURS, NAMES
from crossjudge.client.show import legend, matrix
from crossjudge.contracts import ProblemResult, SolutionReport, SourceStatus, TestReport, Verdict


def result(name: str, *rows: str, tests: int | None = None) -> ProblemResult:
    ok = SourceStatus.OK
    width = tests if tests is not None else len(rows[0])
    solutions, columns = [SolutionReport(status=ok)] * len(rows), [TestReport(status=ok)] * width
    return ProblemResult(id=name, matrix=list(rows), solutions=solutions, tests=columns)


def test_every_verdict_has_a_name_and_a_colour_of_its_own() -> None:
    assert NAMES.keys() == COLOURS.keys() == set(Verdict)
    assert len(set(COLOURS.values())) == len(Verdict)


def colours_in(picture: Path) -> set[tuple[int, int, int]]:
    image = pytest.importorskip("matplotlib.image").imread(picture)
    return {tuple(pixel) for pixel in (image[:, :, :3] * 255).round().astype(int).reshape(-1, 3).tolist()}


def rgb(letter: str) -> tuple[int, int, int]:
    colour = COLOURS[letter]
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def test_a_picture_shows_the_colours_of_its_letters_and_no_others(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from crossjudge.client.plot import draw

    [saved] = draw([result("one", "PFP", "TTT")], tmp_path / "out.png")
    shown = colours_in(saved)
    ink = {"C", "S"}  # the black and the greys of the writing
    assert {letter for letter in COLOURS if rgb(letter) in shown} - ink == {"P", "F", "T"}


def test_many_problems_take_several_pictures_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from crossjudge.client import plot

    monkeypatch.setattr(plot, "PER_PICTURE", 2)
    monkeypatch.setattr(plot, "MOST_PICTURES", 3)
    saved = plot.draw([result(str(n), "PF") for n in range(9)], tmp_path / "out.png")
    assert [path.name for path in saved] == ["out.png", "out-2.png", "out-3.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out-2.png", "out-3.png", "out.png"]


@pytest.mark.parametrize("name", ["$x$ ^{", "\x00\n", "日本語", "x" * 500, "", "\\frac"])
def test_any_id_can_stand_above_a_matrix(tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    from crossjudge.client.plot import draw

    assert draw([result(name, "PF"), result(name, tests=3), result(name, "", "")], tmp_path / "out.svg")


def test_without_results_there_is_still_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from crossjudge.client.plot import draw

    assert draw([], tmp_path / "out.png")[0].is_file()


def test_a_missing_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crossjudge.client import plot

    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    with pytest.raises(CrossjudgeError, match=r"crossjudge\[plot\]"):
        plot.draw([], tmp_path / "out.png")


def shown(*, width: int = 100, most_rows: int = 40, most_columns: int = 100) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(
        matrix(result("one", *["PF" * 30] * 50), most_rows=most_rows, most_columns=most_columns)
    )
    return file.getvalue()


def test_a_matrix_in_a_terminal_is_letters_a_line_a_solution() -> None:
    lines = shown(most_rows=3, most_columns=8).splitlines()
    assert lines[0].split() == ["one", "50", "solutions", "×", "60", "tests"]
    assert [line.split()[:2] for line in lines[1:4]] == [[str(n), "PFPFPFPF"] for n in range(3)]
    assert "52 more" in lines[1]
    assert "47 more solutions" in lines[4]


def test_a_row_never_wraps() -> None:
    assert len(shown(width=30, most_rows=5).splitlines()) == 1 + 5 + 1


def test_the_legend_names_the_letters_that_occur() -> None:
    assert legend("PPXPP").plain.split() == ["P", "passed", "X", "not", "judged"]
