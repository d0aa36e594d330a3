"""Which solutions provably keep nothing between calls: what is ordinary is, and no way of keeping something is."""

import importlib
import types

import pytest

from crossjudge.worker.jail.literal import stateless

PROVEN = {
    "a function": "def f(x):\n    '''Doubles.'''\n    return x * 2",
    "several": "def g(x): return x + 1\n\ndef f(x): return g(g(x))",
    "imports": "import math, re\nfrom typing import List, Optional\nfrom collections import Counter, defaultdict as d\n"
    "def f(xs: List[int]) -> Optional[int]:\n    counts = d(int)\n    for x in xs: counts[x] += 1\n"
    "    return math.floor(max(counts.values())) if re.match('a', 'b') else Counter(xs)",
    "imports in a function": "def f(x):\n    import math\n    from heapq import heappush\n    h = []\n"
    "    heappush(h, math.sqrt(x))\n    return h",
    "everything of a module": "from math import *\nfrom typing import *\ndef f(x: List[int]): return sqrt(x) + pi",
    "constants": "MOD = 10**9 + 7\nVOWELS = 'aeiou'\nMOVES = ((0, 1), (1, 0))\nEPS: float = -1e-9\nINF = float('inf')\n"
    "def f(x): return VOWELS.index(x) % MOD, MOVES[0], EPS, INF",
    "a pattern": "import re\nWORD = re.compile(r'[a-z]+', re.I)\ndef f(x): return WORD.findall(x)",
    "an alias and a lambda": "def f(x): return x\ng = f\nh = lambda x, y=2: x + y",
    "closures": "def f(x):\n    seen = []\n    def add(y, more=[]):\n        nonlocal x\n        x += y\n"
    "        seen.append(y)\n    add(1)\n    return seen, sorted(seen, key=lambda y: -y)",
    "a cache of its own call": "from functools import lru_cache\ndef f(n):\n    @lru_cache(None)\n"
    "    def fib(k): return k if k < 2 else fib(k - 1) + fib(k - 2)\n    return fib(n)",
    "what it changes is given": "def f(xs):\n    xs.append(1)\n    xs[0] = 2\n    del xs[1:]\n    return xs",
    "exceptions": "def f(x):\n    try:\n        return 1 / x\n    except (ZeroDivisionError, TypeError) as e:\n"
    "        raise ValueError(str(e)) from e\n    finally:\n        print(x)",
    "a name that nobody knows": "def f(x): return nobody(x)",
    "what only runs as a program": "def f(x): return x\nif __name__ == '__main__':\n    import doctest\n"
    "    doctest.testmod()",
    "what runs while it loads": "def f(x): return x\nassert f(1) == 1\nprint(f(2))",
    "formats": "def f(x): return '{} {:>3} {:.2f} {a!r}'.format(x, 1, 2.5, a=2) + f'{x.real:.2f}' + '%s' % x",
    "patterns": "def f(x):\n    match x:\n        case [a, *b]: return b\n        case {'k': v, **rest}: return rest\n"
    "        case y if y: return y",
}


@pytest.mark.parametrize("what", PROVEN)
def test_what_solutions_usually_are_is_proven(what: str) -> None:
    assert stateless.is_proven(["", PROVEN[what]])


SEEN = "def f(x):\n    {}\n    return x"
NOT_PROVEN = {
    "a global": "n = 0\ndef f(x):\n    global n\n    n += 1\n    return n",
    "a list of the module": "seen = []\n" + SEEN.format("seen.append(x)"),
    "a dict of the module": "memo: dict = {}\n" + SEEN.format("memo[x] = x"),
    "a set that is computed": "seen = set()\n" + SEEN.format("seen.add(x)"),
    "a list in a tuple": "seen = ([],)\n" + SEEN.format("seen[0].append(x)"),
    "two names for a list": "a = b = []\n" + SEEN.format("a.append(x)"),
    "names unpacked": "a, b = [], []\n" + SEEN.format("a.append(x)"),
    "a list that looks like a number": "def float(x): return []\nseen = float(1)\n" + SEEN.format("seen.append(x)"),
    "a list made on the way": "print(seen := [])\n" + SEEN.format("seen.append(x)"),
    "a list made in an assert": "assert not (seen := [])\n" + SEEN.format("seen.append(x)"),
    "a list made in an annotation": "seen = 1\ndef f(x: (seen := [])):\n    seen.append(x)\n    return seen",
    "a default value": "def f(x, seen=[]):\n    seen.append(x)\n    return seen",
    "a default by keyword": "def f(x, *, seen={}):\n    seen[x] = x\n    return len(seen)",
    "a default of a lambda": "f = lambda x, seen=[]: seen.append(x)",
    "an attribute of a function": "def f(x):\n    f.seen = x\n    return x",
    "an attribute that is read": "def f(x): return f.seen",
    "an attribute through another name": "def f(x):\n    g = f\n    g.seen = x",
    "defaults of a function": "def f(x, n=0):\n    f.__defaults__ = (x,)\n    return n",
    "a cache": "from functools import lru_cache\n@lru_cache\ndef f(x): return [x]",
    "a cache by a call": "from functools import lru_cache\ndef g(x): return [x]\nf = lru_cache(None)(g)",
    "a decorator": "def d(g):\n    n = []\n    def h(x):\n        n.append(x)\n        return len(n)\n"
    "    return h\n@d\ndef f(x): pass",
    "a closure of the module": "def make():\n    n = []\n    return lambda x: n.append(x)\nf = make()",
    "a generator of the module": "numbers = (i for i in range(9))\ndef f(x): return next(numbers)",
    "a class": "class A:\n    n = 0\ndef f(x):\n    A.n += 1\n    return A.n",
    "a class in a function": "def f(x):\n    class A: pass\n    return x",
    "globals": SEEN.format("globals()['n'] = x"),
    "its namespace by exec": SEEN.format("exec('n = 1', f.__globals__)"),
    "an attribute by name": SEEN.format("setattr(f, 'n', x)"),
    "builtins": SEEN.format("__builtins__['n'] = x"),
    "the module itself": "import solution\n" + SEEN.format("solution.n = x"),
    "modules": "import sys\n" + SEEN.format("sys.n = x"),
    "the environment": "import os\n" + SEEN.format("os.environ['n'] = '1'"),
    "files": SEEN.format("open('n', 'w').write('1')"),
    "chance": "import random\ndef f(x): return random.random()",
    "a clock": "import time\ndef f(x): return time.time()",
    "decimal's context": "import decimal\n" + SEEN.format("decimal.getcontext().prec = 3"),
    "a module within a module": "import copy\n" + SEEN.format("copy.copyreg.dispatch_table.update({f: x})"),
    "a module under another name": "import copy as c\n" + SEEN.format("c.copyreg.dispatch_table.update({f: x})"),
    "a module in a variable": "import copy\n" + SEEN.format("c = copy; c.copyreg.dispatch_table.update({f: x})"),
    "a module of a constant": "import copy\nc = copy\n" + SEEN.format("c.copyreg.dispatch_table.update({f: x})"),
    "a module in a list": "import copy\n" + SEEN.format("[copy][0].copyreg.dispatch_table.update({f: x})"),
    "a module behind a local name": "import copy\n"
    + SEEN.format("[copy.copyreg.dispatch_table.update({f: x}) for copy in [copy]]"),
    "a module imported in a function": "def f(x):\n    import copy\n    copy.copyreg.dispatch_table.update({f: x})",
    "a module shadowed by a parameter": "import copy\ndef f(copy): return copy.copyreg",
    "a module by a part of its name": "import collections.abc\n" + SEEN.format("collections.abc.n = x"),
    "formats that reach": "import string\n" + SEEN.format("string.Formatter().get_field('0.__globals__', (f,), {})"),
    "getters that reach": "import operator\n" + SEEN.format("operator.attrgetter('__globals__')(f)['n'] = x"),
    "everything of a module that reaches": "from operator import *\n"
    + SEEN.format("attrgetter('__globals__')(f)['n'] = x"),
    "an abstract class that notes": "from collections.abc import Iterable\n" + SEEN.format("Iterable.register(int)"),
    "a list of a module": "import __future__ as m\n" + SEEN.format("m.all_feature_names.append(x)"),
    "what ends a program": SEEN.format("exit()"),
    "a format that reads": SEEN.format("'{0.__globals__}'.format(f)"),
    "a format that reads items": SEEN.format("'{0[1]}'.format([x])"),
    "a format that is computed": SEEN.format("('{0.__glo' + 'bals__}').format(f)"),
    "a format by its class": SEEN.format("str.format('{0.__globals__}', f)"),
    "a format of a mapping": SEEN.format("'{a.__globals__}'.format_map({'a': f})"),
    "wrappers that write": "import functools\n" + SEEN.format("functools.update_wrapper(f, len)"),
    "frames of a generator": SEEN.format("(i for i in ()).gi_frame.f_globals.update(n=x)"),
    "a traceback": "def f(x):\n    try:\n        1 / 0\n    except Exception as e:\n"
    "        e.__traceback__.tb_frame.f_globals['n'] = x",
    "an attribute in a pattern": "def f(x):\n    match f:\n        case object(__globals__=g): g['n'] = x",
    "an import of anything": SEEN.format("__import__('sys').n = x"),
    "an import from here": "from . import n\ndef f(x): return x",
    "everything of another module": "from os import *\ndef f(x): return x",
    "a loop of the module": "for i in range(3): n = [i]\ndef f(x): return n",
    "a with of the module": "with open('a') as n: pass\ndef f(x): return n",
    "a condition of the module": "if True:\n    n = []\ndef f(x): return n",
    "a number changed while loading": "n = 1\nn += 1\ndef f(x): return n",
    "a coroutine": "async def f(x): return x",
    "no Python": "def f(x: return",
}


@pytest.mark.parametrize("what", NOT_PROVEN)
def test_no_way_to_keep_something_is_proven_harmless(what: str) -> None:
    assert not stateless.is_proven(["", NOT_PROVEN[what]])


def test_what_is_known_of_a_module_cannot_be_changed() -> None:
    for name, known in stateless._MODULES.items():
        module = importlib.import_module(name)
        for each in known or [each for each in dir(module) if not each.startswith("_")]:
            value = getattr(module, each)
            assert not isinstance(value, (types.ModuleType, list, dict, set, bytearray)), (name, each)


def test_what_comes_before_the_solution_is_part_of_the_proof() -> None:
    assert stateless.is_proven(["import math\nMOD = 7\n", "def f(x): return math.pi % MOD"])
    assert not stateless.is_proven(["seen = []\n", "def f(x): return seen"])
    assert not stateless.is_proven(["import math", "math = []\ndef f(x): return math.append(x)"])


HARMLESS = {
    "a try": "try:\n    assert f(1) == 2\nexcept ValueError as e:\n    assert str(e)\nfinally:\n    pass",
    "a function with a state of its own": "n = []\ndef g(x, m=[]):\n    n.append(x)\n    return f(x)\nassert g(1) == 2",
    "what it imports": "import math\nfrom collections import Counter\nassert math.pi and Counter(f(1)) and math.inf",
    "a loop, a condition, a comprehension": "for i in range(3):\n    if i: x = [f(j) for j in range(i)]\ndel x",
    "the function as a value": "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)\ng = f\ng(2)",
    "items": "d = {}\nd['a'] = f(1)\nd['a'] += 1\nx = [1, 2]\nx[0], x[1] = x[1], x[0]\ndel d['a']",
    "a walrus": "while (n := f(1)) < 2: pass\nassert n",
}


@pytest.mark.parametrize("what", HARMLESS)
def test_a_test_that_changes_nothing_but_its_own_is_proven_so(what: str) -> None:
    takes = stateless.takes_of(HARMLESS[what])
    assert takes is not None and "f" in takes


HARMFUL = {
    "an attribute of the solution's": "f.n = 1",
    "one of a value's": "g = f\ng.n = 1",
    "one by name": "setattr(f, 'n', 1)",
    "one that is deleted": "del f.n",
    "the solution itself": "import solution\nsolution.f = 1",
    "a name of the solution": "from solution import f",
    "other modules": "import sys\nsys.n = 1",
    "random numbers": "import random\nrandom.seed(1)",
    "the environment": "import os\nos.environ['n'] = '1'",
    "files": "open('n', 'w').write('1')",
    "builtins": "__builtins__['n'] = 1",
    "its namespace": "globals()['n'] = 1",
    "code": "exec('n = 1')",
    "an import by name": "__import__('sys').n = 1",
    "frames": "try:\n    f()\nexcept TypeError as e:\n    e.__traceback__.tb_frame.f_back.f_locals.clear()",
    "a class": "class A:\n    def __eq__(self, other): return True",
    "a global name": "def g():\n    global f\n    f = 1\ng()",
    "a coroutine": "async def g(): pass",
    "what only a program runs": "if __name__ == '__main__':\n    import sys\n    sys.n = 1",
    "its module's name": "assert __name__",
    "a module under the name of another": "import copy as math\nmath.copyreg.dispatch_table.clear()",
    "a name that is bound and imported": "import copy\nif f: copy = f\ncopy.copyreg",
    "a format that reads": "'{0.__globals__}'.format(f)",
    "an exit": "exit()",
    "no Python": "assert f(",
}


@pytest.mark.parametrize("what", HARMFUL)
def test_no_test_that_reaches_out_is_proven_harmless(what: str) -> None:
    assert stateless.takes_of(HARMFUL[what]) is None


def test_whatever_name_a_test_mentions_may_be_its_solutions() -> None:
    assert _takes("if False: copy = 1\ncopy.copyreg.dispatch_table.clear()") == {"copy"}
    assert _takes("[re for re in []]\nre.purge()") == {"re"}
    assert _takes("if False: import math\nmath.copyreg.dispatch_table.clear()") == {"math"}


def _takes(test: str) -> set[str]:
    return set(stateless.takes_of(test) or ())


def test_what_a_solution_imports_is_known_by_the_names_that_it_gives_it() -> None:
    own = "import re as r\nfrom math import pi\ndef f(): pass"
    assert set(stateless.imports_of(["import copy", own]) or ()) == {"copy", "r", "pi"}
    assert {"pow", "pi"} <= set(stateless.imports_of(["from math import *"]) or ())
    assert stateless.imports_of(["def f(x): return x"]) == frozenset()
    assert stateless.imports_of(["import os"]) is None
