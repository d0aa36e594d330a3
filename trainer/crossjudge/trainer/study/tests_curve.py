"""How pass@1 of the pick grows with the number of tests: some columns of each matrix, drawn anew several times."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from crossjudge.trainer.selectors import Labels

from .contestants import CHANCE, TRUTH, Contestant
from .field import Progress
from .labelled import Labelled
from .resampling import Estimate, Resamples, mean_of
from .scores import picks

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True)
class Curve:
    """pass@1 of one selector; `sizes` are the tests left of each problem (all of them where it has fewer)."""

    label: str
    sizes: list[int]
    points: list[Estimate]


def curves(
    problems: Sequence[Labelled], contestants: Iterable[Contestant], seed: int, repeats: int, tell: Progress
) -> list[Curve]:
    """One curve a contestant, all on the same draws. The bounds, which do not depend on tests, are flat."""
    most = max((each.matrix.shape[1] for each in problems), default=0)
    sizes = sorted({size for size in SIZES if size < most} | {most}) if most else []
    resamples = Resamples(len(problems), seed)
    drawn = {size: _draws(problems, size, seed, 1 if size == most else repeats) for size in sizes}
    found = []
    for each in contestants:
        tell(f"by number of tests: {each.label}")
        means = [np.mean([_picks(each, part) for part in drawn[size]], axis=0) for size in sizes]
        found.append(Curve(each.label, sizes, [resamples.estimate(mean_of(mean)) for mean in means]))
    return found


def _draws(problems: Sequence[Labelled], size: int, seed: int, repeats: int) -> list[list[Labelled]]:
    return [_thinned(problems, size, [seed, repeat]) for repeat in range(repeats)]


def _picks(contestant: Contestant, problems: Sequence[Labelled]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if contestant.selector == CHANCE:
        return np.array([each.share_right for each in problems])
    if contestant.selector == TRUTH:
        return np.array([float(each.labels.solutions.any()) for each in problems])
    return picks(problems, contestant.select(problems))


def _thinned(problems: Sequence[Labelled], size: int, seed: list[int]) -> list[Labelled]:
    """The problems with at most `size` tests each; which ones depends on the seed and the problem's id alone."""
    thinned = []
    for each in problems:
        width = each.matrix.shape[1]
        chance = np.random.default_rng([*seed, zlib.crc32(each.matrix.id.encode("utf-8", "surrogatepass"))])
        kept = np.sort(chance.permutation(width)[:size])
        tests = None if each.labels.tests is None else each.labels.tests[kept]
        matrix = each.matrix.take(np.arange(each.matrix.shape[0]), kept)
        thinned.append(Labelled(matrix, Labels(each.labels.solutions, tests)))
    return thinned
