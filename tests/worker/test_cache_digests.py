"""Keys of the cache: equal for what is equal, and for nothing else."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge.contracts import AssertTest, Columns, Detail, Isolation, Limits, Order, PytestTest, StdioTest, Test
from crossjudge.service.split import key_of
from crossjudge.worker.cache.digests import digest, of_row, of_test
from crossjudge.worker.cache.runtime import describe, runtime_digest
from crossjudge.worker.settings import WorkerSettings
from strategies import any_character, source_texts, tests

PIECES = st.lists(st.text(any_character, max_size=6), max_size=4)
ABOUT = st.fixed_dictionaries(
    {
        "runtime": st.sampled_from([b"one", b"other"]),
        "entry_point": st.sampled_from([None, "", "f", "None", "null"]),
        "prelude": st.sampled_from(["", "x = 1", "x = 1\n"]),
        "solution": st.sampled_from(["", "x = 1", "\nx = 1", "\ud800"]),
        "limits": st.sampled_from([Limits(), Limits(cpu_seconds=1.0), Limits(cpu_seconds=1.5), Limits(memory_mb=64)]),
        "isolation": st.sampled_from(Isolation),
        "detail": st.sets(st.sampled_from(Detail)),
    }
)
"""All that a row depends on, of few values, so that two are often equal but for one thing."""


def key(about: dict[str, Any], detail: list[Detail] | None = None, run: str = "a run") -> str:
    asked = list(about["detail"]) if detail is None else detail
    order = Order(run=run, limits=about["limits"], isolation=about["isolation"], detail=asked)
    columns = Columns(entry_point=about["entry_point"], prelude=about["prelude"], tests=[])
    return of_row(about["runtime"], order, columns, about["solution"])


@given(PIECES, PIECES)
@example(["ab", "c"], ["a", "bc"])
@example(["a", ""], ["a"])
@example(["\U0001f600"], ["\ud83d\ude00"])  # one character, and the two surrogates that stand for it
def test_texts_have_the_same_digest_where_they_are_the_same(one: list[str], other: list[str]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


@given(ABOUT, ABOUT)
def test_rows_have_the_same_key_where_all_that_decides_their_verdicts_is_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert (key(one) == key(other)) == (one == other)


@given(ABOUT, st.permutations(list(Detail)))
def test_neither_the_run_nor_the_order_of_details_makes_another_row(
    about: dict[str, Any], details: list[Detail]
) -> None:
    asked = [detail for detail in details if detail in about["detail"]]
    assert key(about, asked, "another run") == key(about)


@given(st.lists(tests, min_size=1, max_size=4), st.lists(tests, max_size=4))
@example([AssertTest(code="x")], [PytestTest(kind="pytest", code="x")])
@example([StdioTest(kind="stdio", stdin='","stdout":"', stdout="")], [StdioTest(kind="stdio", stdin="", stdout='","')])
def test_tests_have_the_same_digest_where_the_service_calls_them_equal(one: list[Test], other: list[Test]) -> None:
    for mine in one:
        for theirs in [*one, *other]:
            assert (of_test(mine) == of_test(theirs)) == (key_of(mine) == key_of(theirs))


@given(source_texts, source_texts)
def test_no_solution_can_take_the_key_of_another(mine: str, theirs: str) -> None:
    """Not even one that spells out what stands around the other's text where the digest is made."""
    about: dict[str, Any] = {
        "runtime": b"r",
        "entry_point": None,
        "limits": Limits(),
        "isolation": Isolation.SPLIT,
        "detail": set(),
    }
    honest = key({**about, "prelude": mine, "solution": theirs})
    for prelude, solution in [("", mine + theirs), (mine + theirs, ""), (mine, f"{len(theirs)}{theirs}")]:
        if (prelude, solution) != (mine, theirs):
            assert key({**about, "prelude": prelude, "solution": solution}) != honest


def test_what_runs_programs_is_part_of_the_key() -> None:
    settings = WorkerSettings(jail_packages=())
    assert runtime_digest(settings) == runtime_digest(settings)
    others = [
        WorkerSettings(jail_packages=("numpy",)),
        WorkerSettings(jail_packages=(), sandbox="gvisor"),
        WorkerSettings(jail_packages=(), sandbox="gvisor", gvisor_platform="kvm"),
    ]
    assert len({runtime_digest(each) for each in [settings, *others]}) == 4
    assert {line.split()[0] for line in describe(settings)} >= {"crossjudge", "code", "python", "sandbox", "pytest"}
