"""What is cut out of models' replies is judged as it was meant, through the whole stack."""

import pytest

from crossjudge.client import Client
from crossjudge.trainer.data import cut_tests, solution_of

CODER = [
    "<think>simple</think>Sure:\n```python\ndef middle(xs):\n    return sorted(xs)[len(xs) // 2]\n```\nThat is it.",
    "def middle(xs):\n    return xs[len(xs) // 2]\n\nThis works because the middle is in the middle.",
    "```python\ndef middle(xs):\n    return (",
]
TESTER = """Here are my tests.
```python
import unittest
from solution import middle

def shuffled(xs):
    return xs[1:] + xs[:1]

assert middle([1]) == 1
xs = [3, 1]
xs.append(2)
assert middle(xs) == 2
assert middle(shuffled([1, 2, 3])) == 2

def test_sorted():
    assert middle([1, 2, 3]) == 2

class MiddleTest(unittest.TestCase):
    def test_far(self):
        self.assertEqual(middle([9, 1, 5]), 5)

if __name__ == "__main__":
    unittest.main()
```
>>> middle([1, 2])
2
"""


@pytest.mark.nsjail
@pytest.mark.redis
def test_solutions_and_tests_of_chats_make_a_passing_matrix(judge: Client) -> None:
    solutions = [solution_of(reply, "middle") or "" for reply in CODER]
    tests = cut_tests(TESTER, "middle")
    assert [test.kind for test in tests] == ["assert", "assert", "assert", "pytest", "pytest"]
    grid = judge.matrix(solutions, tests, entry_point="middle", detail=["messages"])
    assert grid.verdicts == ["PPPPP", "PFFPF", "EEEEE"], grid.cells
