"""What of a matrix can be compared: solutions and tests with no masked cell between them.

Rows can only be called equal where every cell of them was judged. One X must not cost a whole matrix, so the row or
column with the largest share of masked cells is left out, again and again, until none is masked.
"""

import numpy as np
from numpy.typing import NDArray

from .matrix import PassingMatrix


def whole_part(matrix: PassingMatrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the solutions and of the sound tests that are left; either may be empty.

    Where a row and a column are equally bad the column goes: a test less costs less than a solution without a score.
    """
    rows, columns = np.arange(matrix.shape[0]), np.flatnonzero(matrix.sound_tests)
    if matrix.judged.all():
        return rows, columns
    masked = ~matrix.judged[:, columns]
    while rows.size and columns.size and masked.any():
        in_row, in_column = masked.mean(axis=1), masked.mean(axis=0)
        if in_column.max() >= in_row.max():
            keep = in_column < in_column.max() if in_column.max() == 1 else _all_but(in_column)
            columns, masked = columns[keep], masked[:, keep]
        else:
            keep = in_row < in_row.max() if in_row.max() == 1 else _all_but(in_row)
            rows, masked = rows[keep], masked[keep]
    return rows, columns


def _all_but(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    keep = np.ones(shares.size, np.bool_)
    keep[shares.argmax()] = False
    return keep
