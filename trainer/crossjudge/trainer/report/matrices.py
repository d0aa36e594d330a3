"""Passing matrices as pictures on the page: a strip of small ones for a step, and one in detail beside its code."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from crossjudge.client.palette import COLOURS, NAMES

from .markup import Element, element
from .samples import MOST_PROBLEMS, Sample
from .text import cut

IN_DETAIL = 2
_SMALL, _SMALLER = 4, 2  # pixels of a cell in the strip
_MANY = 24  # rows or columns: of a matrix with more, the cells are the smaller ones
_LARGE = 15  # and in detail
_MARGIN = 26
_MOST_ROWS, _MOST_COLUMNS = 32, 64
_MOST_TESTS = 5
_LONGEST_CODE, _LONGEST_TEST, _LONGEST_ID = 1500, 300, 80
_UNKNOWN = "unknown"


def section_of(steps: Sequence[tuple[int, list[Sample]]]) -> list[Element]:
    """The problems of each step."""
    letters = {letter for _, samples in steps for sample in samples for row in sample.matrix for letter in row}
    return [_legend(letters), *(_step(step, samples) for step, samples in steps)]


def _legend(letters: set[str]) -> Element:
    def mark(letter: str) -> Element:
        square = element("rect", width=14, height=14, class_=_class(letter))
        drawn = element("svg", square, viewBox="0 0 14 14", width=14, height=14, aria_hidden="true")
        return element("li", drawn, f" {letter} {NAMES.get(letter, _UNKNOWN)}")

    known = [letter for letter in COLOURS if letter in letters]
    return element("ul", (mark(letter) for letter in known), class_="legend")


def _step(step: int, samples: Sequence[Sample]) -> Element:
    told = f"{'The first ' if len(samples) == MOST_PROBLEMS else ''}{len(samples)} problems."
    if any(sample.has_choice for sample in samples):
        chosen_in = sum(sample.abstain is None for sample in samples)
        told += f" The selector chose in {chosen_in} of them; those it skipped are pale."
    detailed = sorted(samples, key=lambda sample: (sample.abstain is not None, not sample.matrix))[:IN_DETAIL]
    return element(
        "section",
        element("h3", f"Step {step}"),
        element("p", told, class_="soft"),
        element("div", (_small(sample) for sample in samples), class_="strip"),
        element("div", (_detail(sample) for sample in detailed), class_="problems"),
    )


def order(sample: Sample) -> tuple[list[int], list[int]]:
    """Rows and columns as they are shown: chosen ones first, then those with the most passes, equal ones together."""
    rows = sorted(range(len(sample.solutions)), key=lambda at: _rank(at in sample.chosen, sample.matrix[at], at))
    columns = ["".join(row[at] for row in sample.matrix) for at in range(len(sample.tests))]
    return rows, sorted(range(len(columns)), key=lambda at: _rank(at in sample.chosen_tests, columns[at], at))


def _rank(is_chosen: bool, letters: str, at: int) -> tuple[bool, int, str, int]:
    return not is_chosen, -letters.count("P"), letters, at


def _small(sample: Sample) -> Element:
    rows, columns = (places[:most] for places, most in zip(order(sample), (_MOST_ROWS, _MOST_COLUMNS), strict=True))
    size = _SMALL if max(len(rows), len(columns)) <= _MANY else _SMALLER
    width, height = max(1, len(columns)) * size, max(1, len(rows)) * size
    drawn = element(
        "svg", _cells(sample, rows, columns, size), role="img", aria_label=_words(sample),
        viewBox=f"0 0 {width} {height}", width=width, height=height,
        class_="matrix" if sample.abstain is None else "matrix skipped",
    )  # fmt: skip
    drawn.insert(0, element("title", f"{cut(sample.id, _LONGEST_ID)}: {_words(sample)}"))
    return drawn


def _words(sample: Sample) -> str:
    cells = "".join(sample.matrix)
    size = f"{len(sample.solutions)} solutions × {len(sample.tests)} tests"
    counts = ", ".join(f"{cells.count(letter)} {NAMES[letter]}" for letter in NAMES if letter in cells)
    chosen = f"; {len(sample.chosen)} solutions chosen" if sample.abstain is None else "; skipped"
    return f"{size}: {counts or 'no cells'}{chosen if sample.has_choice else ''}"


def _cells(sample: Sample, rows: Sequence[int], columns: Sequence[int], size: int) -> Iterator[Element]:
    """A rectangle for each run of equal letters in a row."""
    for y, row in enumerate(rows):
        x = 0
        for letter, run in groupby(sample.matrix[row][column] for column in columns):
            width = len(list(run))
            yield element(
                "rect", x=x * size, y=y * size, width=width * size, height=size, class_=_class(letter)
            )  # fmt: skip
            x += width


def _detail(sample: Sample) -> Element:
    rows, columns = order(sample)
    return element(
        "div",
        element("h4", cut(sample.id, _LONGEST_ID)),
        element("p", _decision(sample), class_="soft") if sample.has_choice else None,
        element(
            "div",
            element("div", _large(sample, rows[:_MOST_ROWS], columns[:_MOST_COLUMNS]), class_="scroll"),
            element("div", _code(sample, rows), _tests(sample, columns), class_="code"),
            class_="beside",
        ),
        class_="panel problem",
    )


def _decision(sample: Sample) -> str:
    if sample.abstain is not None:
        return f"Skipped: {cut(sample.abstain, _LONGEST_TEST)}."
    tests = f" and {len(sample.chosen_tests)} of {len(sample.tests)} tests" if sample.chosen_tests else ""
    return f"Chosen (marked ●): {len(sample.chosen)} of {len(sample.solutions)} solutions{tests}."


def _large(sample: Sample, rows: Sequence[int], columns: Sequence[int]) -> Element:
    """The matrix with its letters; numbers of solutions on the left, of tests above, ● beside chosen ones."""
    width, height = _MARGIN + len(columns) * _LARGE + 1, _MARGIN + len(rows) * _LARGE + 1
    cells = element("g", _cells(sample, rows, columns, _LARGE), transform=f"translate({_MARGIN} {_MARGIN})")
    return element(
        "svg", cells, _letters(sample, rows, columns), _numbers(sample, rows, columns), role="img",
        aria_label=_words(sample), viewBox=f"0 0 {width} {height}", width=width, height=height, class_="matrix",
    )  # fmt: skip


def _letters(sample: Sample, rows: Sequence[int], columns: Sequence[int]) -> Iterator[Element]:
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            letter = sample.matrix[row][column]
            yield element(
                "text", letter, x=_MARGIN + (x + 0.5) * _LARGE, y=_MARGIN + (y + 0.72) * _LARGE,
                class_="letter light" if letter in "PEC" else "letter",
            )  # fmt: skip


def _numbers(sample: Sample, rows: Sequence[int], columns: Sequence[int]) -> Iterator[Element]:
    for y, row in enumerate(rows):
        mark = "●" if row in sample.chosen and sample.abstain is None else ""
        yield element("text", f"{mark}{row + 1}", x=_MARGIN - 3, y=_MARGIN + (y + 0.72) * _LARGE, class_="row")
    for x, column in enumerate(columns):
        middle = _MARGIN + (x + 0.5) * _LARGE
        yield element("text", str(column + 1), x=middle, y=_MARGIN - 3, class_="column")
        if column in sample.chosen_tests and sample.abstain is None:
            yield element("text", "●", x=middle, y=_MARGIN - 13, class_="column")


def _code(sample: Sample, rows: Sequence[int]) -> list[Element]:
    if not rows:
        return []
    what = "chosen solution" if rows[0] in sample.chosen and sample.abstain is None else "solution"
    heading = element("h5", f"{what.capitalize()} {rows[0] + 1}")
    return [heading, element("pre", cut(sample.solutions[rows[0]] or "(empty)", _LONGEST_CODE))]


def _tests(sample: Sample, columns: Sequence[int]) -> list[Element]:
    """Some tests: the first as they are shown, and the last."""
    if not columns:
        return []
    shown = columns if len(columns) <= _MOST_TESTS else [*columns[: _MOST_TESTS - 2], *columns[-2:]]
    items = []
    for at in shown:
        passed = sum(row[at] == "P" for row in sample.matrix)
        told = f"{at + 1}, passed by {passed} of {len(sample.matrix)}"
        code = cut(sample.tests[at] or "(no code of its own)", _LONGEST_TEST)
        items.append(element("li", element("span", told, class_="soft"), element("pre", code)))
    return [element("h5", f"{len(shown)} of {len(columns)} tests"), element("ul", items, class_="tests")]


def _class(letter: str) -> str:
    return f"cell-{letter}" if letter in COLOURS else f"cell-{_UNKNOWN}"
