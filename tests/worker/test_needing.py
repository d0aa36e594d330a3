"""Which tests `auto` runs in the solution's own interpreter: by what is in the test alone."""

import ast

import pytest

from crossjudge.worker.jail import needing


@pytest.mark.parametrize(
    "test",
    [
        "assert f(2) == 4",
        "def check(g):\n    assert g(2) == 4\ncheck(f)",
        "import random\nrandom.seed(3)\nassert f(2) == 4",
        "import solution\nsolution.LIMIT = 3\nassert f(2) == 4",
        "from unittest import mock\nwith mock.patch('solution.g', return_value=3): assert f(2) == 3",
        "from unittest.mock import patch\nwith patch('builtins.print') as p: f(2)",
        "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['1']): f(2)",
        "import time\nfrom unittest.mock import patch\nwith patch.object(time, 'sleep'): f(2)",
        "def test_it(monkeypatch):\n    monkeypatch.setenv('A', '1')\n    monkeypatch.setattr('solution.g', 1)",
        "import sys, io\nsys.stdin = io.StringIO('3')\nf(2)",
        "import os\nos.environ['A'] = '1'\nf(2)",
        "class Node: pass\nnode = Node()\nnode.value = 3\nassert f(node) == 3",
        "gc = 3\nassert f(gc) == 3",
    ],
)
def test_a_test_that_works_across_processes_needs_nothing(test: str) -> None:
    assert needing.reason(ast.parse(test)) is None


@pytest.mark.parametrize(
    ("test", "word"),
    [
        ("import gc\nassert not gc.get_objects()", "objects"),
        ("import sys\nsys._getframe(1)", "frames"),
        ("import pickle\nassert pickle.loads(pickle.dumps(f(2)))", "pickles"),
        ("assert f.__closure__ is None", "code"),
        ("import dis\ndis.dis(f)", "code"),
        ("import importlib, solution\nimportlib.reload(solution)", "again"),
        ("import sys\nsys.setrecursionlimit(50)\nf(2)", "recursion"),
        ("import numpy as np\nnp.random.seed(0)\nf(2)", "random"),
        ("from unittest.mock import patch\nwith patch('subprocess.run') as run: f(2)", "subprocess.run"),
        ("from unittest.mock import patch\nwith patch('math.sqrt', lambda x: 1): f(2)", "math.sqrt"),
        ("import math\nfrom unittest import mock\nwith mock.patch.object(math, 'sqrt'): f(2)", "math"),
        ("import math\nmath.sqrt = abs\nassert f(4) == 4", "math.sqrt"),
        ("import json\nsetattr(json, 'dumps', str)\nf(2)", "json.dumps"),
        ("def test_it(monkeypatch):\n    monkeypatch.setattr('json.dumps', str)", "json.dumps"),
    ],
)
def test_a_test_that_changes_or_looks_into_the_interpreter_needs_the_solutions_own(test: str, word: str) -> None:
    assert word in (needing.reason(ast.parse(test)) or "")
