"""What is drawn into the templates: `$ints` becomes a list of integers, `$expr` an expression over `a` and `b`, …

Knows nothing of solutions and tests; a template is any text with `$name` in it.
"""

import re

from hypothesis import strategies as st

from .plain_interpreter import literal_of

_ints = st.integers(-9, 9)
_words = st.sampled_from(
    ["", "a", "b", "ab", "ba", "Abc", "kayak", "x y", "é", "12", "a-b_c", "  pad ", "one two one", "%s{}"]
)
_floats = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.5, 2.25, 0.1, 1e9, 1e-9, 3.0])
_scalars = st.one_of(_ints, _words, _floats, st.booleans(), st.none())
_hashable = st.one_of(_scalars, st.tuples(_ints, _words), st.frozensets(_ints, max_size=2), st.binary(max_size=3))
_anything = st.recursive(
    _hashable | st.just(10**30) | st.just(complex(1, -2)) | st.just(range(3)) | st.just(bytearray(b"xy")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(_hashable, inner, max_size=3)
        | st.sets(_hashable, max_size=3)
    ),
    max_leaves=6,
)


def _texts(values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return values.map(lambda value: literal_of(value) or repr(value))


def _lists(values: st.SearchStrategy[object], least: int = 0, most: int = 6) -> st.SearchStrategy[str]:
    return _texts(st.lists(values, min_size=least, max_size=most))


def _expressions(leaves: list[str]) -> st.SearchStrategy[str]:
    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.builds(
            "({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "//", "%", "&", "|", "^"]), inner
        )
        choice = st.builds("({} if {} < {} else {})".format, inner, inner, inner, inner)
        return binary | choice | st.builds("abs({})".format, inner) | st.builds("max({}, {})".format, inner, inner)

    return st.recursive(st.sampled_from(leaves) | _texts(st.integers(-3, 9)), grow, max_leaves=4)


HOLES: dict[str, st.SearchStrategy[str]] = {
    "int": _texts(_ints),
    "pos": _texts(st.integers(1, 7)),
    "small": _texts(st.integers(0, 4)),
    "big": _texts(st.integers(-(10**40), 10**40)),
    "float": _texts(_floats),
    "bool": _texts(st.booleans()),
    "str": _texts(_words),
    "scalar": _texts(_scalars),
    "key": _texts(st.sampled_from(["a", "b", "c", 1, (1, 2)])),
    "any": _texts(_anything),
    "bytes": _texts(st.binary(max_size=6)),
    "ints": _lists(_ints),
    "someints": _lists(_ints, least=2),
    "floats": _lists(_floats, most=4),
    "strs": _lists(_words, most=5),
    "anys": _lists(_anything, most=3),
    "pairs": _lists(st.tuples(st.sampled_from(["a", "b", "c"]), _ints), most=5),
    "grid": _lists(st.lists(_ints, min_size=2, max_size=2), least=1, most=3),
    "dict": _texts(st.dictionaries(st.sampled_from("abcde"), _ints, max_size=4)),
    "set": _texts(st.sets(_ints, min_size=1, max_size=4)),
    "tuple": _texts(st.tuples(_ints, _words, _floats)),
    "op": st.sampled_from(["+", "-", "*"]),
    "cmp": st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    "expr": _expressions(["a", "b"]),
    "xexpr": _expressions(["x"]),
    "keyfn": st.sampled_from(["lambda x: -x", "abs", "str", "lambda x: (x % 3, x)", "lambda x: x * x", "lambda x: 0"]),
    "pred": st.sampled_from(
        ["lambda x: x > 0", "lambda x: x % 2 == 0", "bool", "lambda x: True", "lambda x: x in (1, 2)"]
    ),
    "error": st.sampled_from(["ValueError", "KeyError", "TypeError", "IndexError", "ZeroDivisionError", "LookupError"]),
    "exc": st.sampled_from(
        ["ValueError('bad', 3)", "KeyError('k')", "OSError(2, 'gone')", "StopIteration(4)", "RuntimeError()"]
    ),
    "fmt": st.sampled_from(["", ">8", "<8", "^9", "*^12"]),
}
_HOLE = re.compile(r"\$([a-z]+)")


def fill(draw: st.DrawFn, template: str) -> str:
    """The template with each hole drawn by itself."""
    return _HOLE.sub(lambda hole: draw(HOLES[hole[1]]), template)
