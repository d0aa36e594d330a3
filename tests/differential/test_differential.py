"""One ordinary interpreter and each isolation give honest pairs the same letters."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, seed, settings

from crossjudge.contracts import Isolation
from crossjudge.worker.pool import JailPool
from differential.judged import held, judge
from differential.pairs import Pair, Problem, problems
from differential.reference import Reference
from differential.shrinking import shrink

pytestmark = pytest.mark.nsjail

SEED = int(os.environ.get("DIFFERENTIAL_SEED", "0"))
_PROBLEMS_AT_ONCE = 60
_SHOWN = 10


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    with Reference() as interpreter:
        yield interpreter


def draw_problems(reference: Reference, least_pairs: int) -> list[Problem]:
    """Problems with so many different pairs between them, the same ones for the same `SEED`."""
    found: dict[Problem, None] = {}
    pairs: set[Pair] = set()
    for round_number in range(1000):
        _collect(reference, found, number=SEED * 1000 + round_number)
        pairs.update(pair for problem in found for pair in problem.pairs)
        if len(pairs) >= least_pairs:
            return list(found)
    pytest.fail(f"only {len(pairs)} different pairs were found")


def _collect(reference: Reference, found: dict[Problem, None], number: int, *, only_plain: bool = False) -> None:
    @seed(number)
    @settings(max_examples=30, database=None, phases=[Phase.generate])
    @given(problems(reference, only_plain=only_plain))
    def take(problem: Problem) -> None:
        found[problem] = None

    take()


def letters_of_agreement(pool: JailPool, reference: Reference, isolation: Isolation, least_pairs: int) -> Counter[str]:
    """Judge so many pairs; fails with some disagreements made small. How often each letter came is returned."""
    drawn = draw_problems(reference, least_pairs)
    all_held = []
    for start in range(0, len(drawn), _PROBLEMS_AT_ONCE):
        all_held += held(pool, reference, drawn[start : start + _PROBLEMS_AT_ONCE], isolation)
    found = [each for each in all_held if not each.agrees]
    shown = [str(shrink(pool, reference, each)) for each in found[:_SHOWN]]
    assert not found, f"{len(found)} of {len(all_held)} pairs are judged otherwise; some of them:\n\n" + "\n\n".join(
        shown
    )
    return Counter(each.letters[0] for each in all_held)


@pytest.mark.parametrize(
    ("isolation", "least_pairs"), [(Isolation.SPLIT, 300), (Isolation.SHARED, 150), (Isolation.AUTO, 100)]
)
def test_some_honest_pairs_get_the_letter_that_one_interpreter_gives_them(
    pool: JailPool, reference: Reference, isolation: Isolation, least_pairs: int
) -> None:
    mix = letters_of_agreement(pool, reference, isolation, least_pairs)
    assert min(mix[letter] for letter in "PFE") > least_pairs / 20, f"too few of some letter to say anything: {mix}"


def test_functions_of_plain_data_have_the_same_digests_in_each_isolation(pool: JailPool, reference: Reference) -> None:
    drawn: dict[Problem, None] = {}
    _collect(reference, drawn, number=SEED, only_plain=True)
    split, shared = (
        [cell for cells in judge(pool, list(drawn), isolation, outputs=True) for cell in cells]
        for isolation in (Isolation.SPLIT, Isolation.SHARED)
    )
    # In one interpreter what a test imports by itself is the function, and not the recorder around it.
    pairs = [pair for problem in drawn for pair in problem.pairs]
    seen = [
        (pair, one.output, other.output)
        for pair, one, other in zip(pairs, split, shared, strict=True)
        if "from solution import" not in pair.test
    ]
    assert [each for each in seen if each[1] != each[2]] == []
    assert sum(output is not None for _, output, _ in seen) > 40


@pytest.mark.slow
@pytest.mark.parametrize("isolation", [Isolation.SPLIT, Isolation.SHARED])
def test_thousands_of_honest_pairs_get_the_letter_that_one_interpreter_gives_them(
    pool: JailPool, reference: Reference, isolation: Isolation
) -> None:
    mix = letters_of_agreement(pool, reference, isolation, least_pairs=2000)
    print(f"{isolation.value}: {mix.total()} pairs agree: {dict(mix)}")
