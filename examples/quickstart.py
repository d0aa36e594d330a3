"""Judge two solutions against four tests. Start a stack (`make up`), then: .venv/bin/python examples/quickstart.py"""

from crossjudge.client import Client

SOLUTIONS = [
    "def double(x):\n    return 2 * x\n",
    "def double(x):\n    return x * x\n",  # right for 0 and 2 only
]
TESTS = [
    "assert double(2) == 4",
    "assert double(3) == 6",
    {"kind": "call", "args": ["ab"], "expected": "abab"},
    "assert double(1) == 3",  # a wrong test
]

with Client(run="quickstart") as judge:  # at CROSSJUDGE_URL, else http://127.0.0.1:8000
    grid = judge.matrix(solutions=SOLUTIONS, tests=TESTS, entry_point="double")
    for row in grid.verdicts:
        print(row)
    print("tests passed:", grid.passed.sum(axis=1).tolist())
