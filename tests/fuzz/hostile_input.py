"""Bytes and values as a process sends them that is not ours any more: noise, and what is nearly right."""

import json
import os
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

_TIMES = int(os.environ.get("FUZZ_TIMES", "1"))


def fuzzed(examples: int) -> settings:
    """So many inputs in an ordinary test run, `FUZZ_TIMES` as many in a campaign (see `campaign`)."""
    phases = [phase for phase in Phase if phase is not Phase.explain]
    return settings(max_examples=examples * _TIMES, phases=phases)


any_text = st.text(st.characters(exclude_categories=()), max_size=20)
atoms: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**310),
    st.floats(),
    any_text,
    st.sampled_from(["0x10", "-0xf" * 3, "inf", "nan", "1e5", "1_0", "", "__class__", "f" * 5000]),
)


def json_values(words: list[str]) -> st.SearchStrategy[Any]:
    """Any JSON, in which these words turn up often: as texts, as tags of lists, as keys."""
    leaf = atoms | st.sampled_from(words)
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.builds(lambda tag, rest: [tag, *rest], st.sampled_from(words), st.lists(inner, max_size=3))
            | st.dictionaries(any_text | st.sampled_from(words), inner, max_size=4)
        ),
        max_leaves=12,
    )


def dumped(value: Any) -> bytes:
    """As JSON; lone surrogates, NaN and infinities as Python writes them."""
    return json.dumps(value).encode("ascii")


@st.composite
def mutated(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """Right bytes in which a few have been changed, left out, doubled or put in."""
    data = bytearray(draw(originals))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 8))
        how = draw(st.sampled_from(["replace", "cut", "repeat"]))
        if how == "replace":
            data[place : place + length] = draw(st.binary(max_size=8))
        elif how == "cut":
            del data[place : place + length]
        else:
            data[place:place] = data[place : place + length] * draw(st.integers(1, 20))
    return bytes(data)


def nested(depth: int) -> bytes:
    """JSON that is nested too deep for anybody."""
    return b"[" * depth + b"]" * depth
