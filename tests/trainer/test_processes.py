"""What several processes share out is all there, once, in order; and what they learn is what one would."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.processes import ALONE, share, shared_out
from joined_threads import Joined, joined

COUNTS = st.integers(1, 7)


@given(st.integers(0, 40), COUNTS)
def test_shares_are_all_items_once_and_differ_by_one_at_most(items: int, count: int) -> None:
    shares = [share(items, Joined(rank, count, [], None)) for rank in range(count)]  # type: ignore[arg-type]
    assert [at for each in shares for at in each] == list(range(items))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert share(items, ALONE) == range(items)


@given(st.lists(st.integers(), max_size=12), st.integers(1, 4))
def test_each_gets_what_one_alone_would_have_done(items: list[int], count: int) -> None:
    def work(some: Sequence[int], first: int) -> list[tuple[int, int]]:
        return [(first + at, item) for at, item in enumerate(some)]

    assert joined(count, lambda each: shared_out(items, work, each)) == [list(enumerate(items))] * count
