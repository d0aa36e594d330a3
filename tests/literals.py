"""What the tests of literal tests share: plans as they come out of their process, and JSON that an answer may be."""

import json
from typing import Any

from hypothesis import strategies as st

from crossjudge.worker.jail.literal.planning import plan

TEST_FILE = "test.py"

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["l", "t", "s", "z", "d", "i", "u", "a", "b", "c", "r", "n", "0x10", "ff", "d800"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(st.sampled_from("ltszdiuabcrn"), inner).map(list),
        st.tuples(st.sampled_from("ltszd"), st.lists(inner, max_size=4)).map(list),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
    max_leaves=20,
)


def planned(test: str) -> dict[str, Any]:
    """The plan of a literal test, as it comes out of the process that made it."""
    found = plan(test, TEST_FILE)
    assert found is not None, test
    read: dict[str, Any] = json.loads(json.dumps(found))
    return read
