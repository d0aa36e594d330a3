"""What is kept of a sample, and the batch that comes of it: nothing is lost or changed on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import GroupProblem, GroupSample, Limits, Reward, Test, dump_json
from crossjudge.service.errors import TooLarge
from crossjudge.service.groups.sample import Sample, batch_of, group_id, read_sample
from crossjudge.service.intake import read_batch
from crossjudge.service.settings import ServiceSettings
from strategies import limits, source_texts
from strategies import tests as any_tests

SETTINGS = ServiceSettings(max_cpu_seconds=3600, max_wall_seconds=7200, max_memory_mb=2**20, max_processes=4096,
                           max_disk_mb=65_536, max_output_kb=2**20)  # fmt: skip


def read(stated: GroupSample, name: str | None = None) -> Sample:
    return read_sample(dump_json(stated), name, SETTINGS)


@given(
    own=st.tuples(st.lists(source_texts, max_size=2), st.lists(any_tests, max_size=2)),
    samples=st.lists(source_texts | any_tests, min_size=1, max_size=5),
    order=limits,
    prelude=source_texts,
)
def test_the_batch_of_a_group_holds_its_problem_and_then_its_samples_in_their_order(
    own: tuple[list[str], list[Test]], samples: list[str | Test], order: Limits, prelude: str
) -> None:
    problem = GroupProblem(id="p", entry_point="f", prelude=prelude, solutions=own[0], tests=own[1])
    stated = [
        GroupSample(size=len(samples), solution=each, problem=problem, limits=order)
        if isinstance(each, str)
        else GroupSample(size=len(samples), test=each, problem=problem, limits=order)
        for each in samples
    ]
    kept = [read(each) for each in stated]
    assert len({each.terms for each in kept}) == 1

    solutions = [*own[0], *(each for each in samples if isinstance(each, str))]
    tests = [*own[1], *(each for each in samples if not isinstance(each, str))]
    body = batch_of(kept[0].terms, [each.source for each in kept])
    if solutions and tests:
        batch = read_batch(body, SETTINGS)
        [found] = batch.problems
        assert (found.solutions, found.tests, found.prelude, batch.limits) == (solutions, tests, prelude, order)
        assert (found.id, found.entry_point, found.pairs, batch.run) == ("p", "f", None, "default")
    assert body == batch_of(kept[-1].terms, [each.source for each in kept])


def test_what_is_each_callers_own_is_not_among_the_terms() -> None:
    one = read(GroupSample(size=2, solution="a", sample="1", reward=Reward.B4, deadline_seconds=1))
    other = read(GroupSample(size=2, solution="b", sample="2"))
    assert one.terms == other.terms and one.source != other.source
    assert one.terms != read(GroupSample(size=3, solution="a")).terms


def test_a_sample_is_named_by_itself_or_by_its_key_or_by_us() -> None:
    nameless = GroupSample(size=1, solution="a")
    assert read(GroupSample(size=1, solution="a", sample="mine"), "key").member.name == "mine"
    assert read(nameless, "key").member.name == "key"
    assert read(nameless).member.name != read(nameless).member.name


def test_no_two_groups_share_a_name() -> None:
    places = [("", "r", "k"), ("t", "r", "k"), ("", "rk", ""), ("", "r:k", ""), ("", "r", "k "), ("r", "", "k")]
    assert len({group_id(*place) for place in places}) == len(places)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 12))
def test_a_group_is_refused_by_the_most_cells_that_it_may_have(solutions: int, tests: int, size: int) -> None:
    stated = GroupSample(
        size=size,
        solution="",
        problem=GroupProblem(solutions=[""] * solutions, tests=["1"] * tests),
    )
    most = max((solutions + share) * (tests + size - share) for share in range(size + 1))
    data = dump_json(stated)
    read_sample(data, None, ServiceSettings(max_group_cells=max(most, 1)))
    if most > 1:
        with pytest.raises(TooLarge, match=f"{most:,} cells"):
            read_sample(data, None, ServiceSettings(max_group_cells=most - 1))
