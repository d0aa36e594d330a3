"""Small mistakes put into a program, and which tests notice them.

    proxy = solutions[proxy_of(solutions, selection.solutions)]
    changed = mutants(proxy, k=10, seed=step)
    print(changed[0])  # line 2, arithmetic: x + 1 → x - 1
    suspects = Suspects(proxy, [mutant.source for mutant in changed], tests)
    kills = judge_kills(client, [suspects, ...])[0]
    kills.kill_rates  # (M,), NaN where nothing is known

Standard library, numpy and the client, never torch.
"""

from .engine import MAX_CHARS, mutants
from .kills import Judge, Kills, Suspects, judge_kills, kills_of
from .mutant import Mutant
from .operators import OPERATORS
from .proxy import proxy_of

__all__ = [
    "MAX_CHARS",
    "OPERATORS",
    "Judge",
    "Kills",
    "Mutant",
    "Suspects",
    "judge_kills",
    "kills_of",
    "mutants",
    "proxy_of",
]
