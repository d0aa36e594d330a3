"""How often each text is there."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from crossjudge.trainer.python_text import fingerprint, parsed

from .group import Ints


def copies_of(texts: Sequence[str]) -> Ints:
    """(M,), for each text how many are the same, itself among them. Python is the same where its syntax tree is."""
    keys = [text if (tree := parsed(text)) is None else fingerprint(tree) for text in texts]
    counts = Counter(keys)
    return np.array([counts[key] for key in keys], np.int64)
