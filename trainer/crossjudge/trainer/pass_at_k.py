"""pass@k: how likely is it that at least one of k samples is right, estimated from n ≥ k samples.

The unbiased estimator of Chen et al. (arXiv 2107.03374, §2.1): 1 − C(n − c, k) / C(n, k) with c of n samples right,
which is the share of the subsets of size k that hold a right one. (1 − (1 − c/n)^k, the plug-in estimate, is too low.)
"""

from collections.abc import Iterable

import numpy as np


def pass_at_k(n: int, c: int, k: int) -> float:
    """Estimate for one problem with `c` right ones of `n` samples. Raises `ValueError` unless 0 ≤ c ≤ n, 1 ≤ k ≤ n."""
    if not 0 <= c <= n:
        raise ValueError(f"{c} right samples of {n}")
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be told from {n} samples: draw at least {max(k, 1)}, and ask for k ≥ 1")
    if n - c < k:
        return 1.0
    # C(n − c, k) / C(n, k) as a product of c factors below 1: the binomials themselves overflow.
    return float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


def mean_pass_at_k(counts: Iterable[tuple[int, int]], k: int) -> float:
    """Mean over problems, each given as (n, c). Raises `ValueError` where there is none."""
    estimates = [pass_at_k(n, c, k) for n, c in counts]
    if not estimates:
        raise ValueError(f"pass@{k} of no problems at all")
    return float(np.mean(estimates))
