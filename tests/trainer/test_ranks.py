"""Mean ranks are those of scipy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from crossjudge.trainer.selectors.matrix import Floats
from crossjudge.trainer.selectors.ranks import mean_ranks

shapes = st.one_of(st.tuples(st.integers(0, 6)), st.tuples(st.integers(1, 6), st.integers(0, 4)))
tables = arrays(np.float64, shapes, elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf, np.nan]))


@given(tables)
def test_ranks_are_those_of_scipy(table: Floats) -> None:
    expected = rankdata(table, axis=0, nan_policy="omit") if table.size else table
    assert np.array_equal(mean_ranks(table), expected, equal_nan=True)
