"""From an expression, and what the reference says that it is worth, to a check: right, or wrong on purpose."""

from typing import Any

from hypothesis import strategies as st

_Value = dict[str, Any]

# `E` stands for the expression, `R` for the literal that it should equal, `T` for its type's name;
# `L` for its repr, `S` for its str, `C` for an exception's class.
_OF_LITERALS = [
    "assert E == R",
    "assert R == E",
    "assert not (E != R)",
    "got = E\nassert got == R, f'got {got!r}'",
    "assert E in [R, None, 7]",
    "assert (E, 1) == (R, 1)",
    "assert [E] == [R]",
    "assert {'k': E} == {'k': R}",
    "got, want = E, R\nassert type(got) is type(want) and got == want",
    "def check(got, want):\n    assert got == want\n\ncheck(E, R)",
    "for got, want in [(E, R)]:\n    assert got == want",
    "try:\n    got = E\nexcept KeyError:\n    got = None\nassert got == R",
    "import unittest\nunittest.TestCase().assertEqual(E, R)",
    "if E != R:\n    raise AssertionError('not as expected')",
    "check = lambda got: got == R\nassert check(E)",
    "import copy\nassert copy.deepcopy(E) == R",
    "got = E\nassert (got == R) is True",
    "assert any(got == R for got in [E])",
    "match E:\n    case got if got == R:\n        pass\n    case _:\n        assert False, 'no match'",
]
_BY_TYPE = {
    "int": ["assert E + 1 == R + 1", "assert E <= R", "assert int(E) == R and float(E) == R", "assert -E == -(R)"],
    "float": [
        "import math\nassert math.isclose(E, R)",
        "assert abs(E - R) < 1e-9",
        "assert round(E, 2) == round(R, 2)",
    ],
    "bool": ["assert E is R", "assert bool(E) == R", "assert int(E) == int(R)"],
    "str": [
        "assert E.strip() == (R).strip()",
        "assert len(E) == len(R)",
        "assert E.startswith(R)",
        "assert E + '' == R",
    ],
    "list": [
        "assert len(E) == len(R)",
        "got = E\nassert isinstance(got, list)\nfor one, other in zip(got, R, strict=True):\n    assert one == other",
        "assert [*E] == R",
        "assert tuple(E) == tuple(R)",
        "assert E[::-1] == (R)[::-1]",
    ],
    "tuple": ["assert [*E] == [*R]", "assert E + () == R", "assert len(E) == len(R) and type(E) is tuple"],
    "dict": [
        "assert sorted(map(str, E)) == sorted(map(str, R))",
        "got = E\nassert all(got[key] == value for key, value in (R).items())",
        "assert list((E).items()) == list((R).items())",
    ],
    "set": ["assert E <= R and E >= R", "assert not (E ^ R)", "assert sorted(map(str, E)) == sorted(map(str, R))"],
    "NoneType": ["assert E is None", "assert not E"],
}
_OF_LOOKS = ["assert repr(E) == L", "assert str(E) == S", "got = E\nassert f'{got}' == S", "assert '%r' % (E,) == L"]
_OF_TYPES = ["assert type(E).__name__ == 'T'", "got = E\nassert got is got and got == got", "assert E is not None"]
_OF_ERRORS = [
    "try:\n    E\nexcept C as error:\n    assert str(error) == S\nelse:\n    assert False, 'nothing was raised'",
    "try:\n    E\n    assert False, 'nothing was raised'\nexcept C:\n    pass",
    "raised = None\ntry:\n    E\nexcept Exception as error:\n    raised = error\nassert type(raised).__name__ == 'T'",
    "import unittest\nwith unittest.TestCase().assertRaises(C):\n    E",
    "import contextlib\nwith contextlib.suppress(C):\n    E\n    raise AssertionError('nothing was raised')",
]
_OF_ARGUMENTS = ["try:\n    E\nexcept C as error:\n    assert isinstance(error, C) and error.args == R"]


def right_check(draw: st.DrawFn, expression: str, value: _Value) -> str:
    """A check that holds in one interpreter."""
    if "raised" in value:
        return _error_check(draw, expression, value, value["raised"])
    forms = [*_OF_TYPES]
    if value["looks"] is not None:
        forms += _OF_LOOKS
    if value["literal"] is not None:
        forms = 2 * _OF_LITERALS + 4 * _BY_TYPE.get(value["type"], []) + _OF_LOOKS * (value["looks"] is not None)
    return _filled(draw(st.sampled_from(forms)), expression, value, value["literal"])


def wrong_check(draw: st.DrawFn, expression: str, value: _Value) -> str:
    """A check that most likely fails in one interpreter: an assertion, or an error that nothing catches."""
    if "raised" in value:
        other = draw(st.sampled_from(["IndexError", "TypeError", "ArithmeticError", "OSError"]))
        return draw(st.sampled_from([expression, _error_check(draw, expression, value, other)]))
    if value["literal"] is None:
        forms = [
            "assert E is None",
            "assert repr(E) == 'nothing'",
            "assert type(E).__name__ == 'None'",
            "assert not E",
            "assert E == 1",
        ]
        return _filled(draw(st.sampled_from(forms)), expression, value, None)
    forms = _OF_LITERALS + 2 * _BY_TYPE.get(value["type"], [])
    return _filled(draw(st.sampled_from(forms)), expression, value, _changed(draw, value))


def _changed(draw: st.DrawFn, value: _Value) -> str:
    """Another literal, near enough to be mistaken for the right one."""
    literal = value["literal"]
    near = {
        "int": [f"({literal}) + 1", f"-({literal}) - 1", f"({literal}) + 0.5"],
        "float": [f"({literal}) + 1e-3", f"-({literal}) - 1"],
        "bool": [f"(not {literal})"],
        "str": [f"{literal} + ' '", f"{literal}.swapcase() + 'x'"],
        "list": [f"{literal} + [0]", f"{literal}[1:] + [None]", f"tuple({literal})"],
        "tuple": [f"{literal} + (0,)", f"list({literal})"],
        "dict": [f"{literal} | {{'extra': 1}}", f"list({literal})"],
        "set": [f"{literal} ^ {{99}}"],
    }
    return draw(st.sampled_from([*near.get(value["type"], ["0.125"]), "'nothing like it'"]))


def _error_check(draw: st.DrawFn, expression: str, value: _Value, name: str) -> str:
    form = draw(st.sampled_from(_OF_ERRORS + _OF_ARGUMENTS * (value["args"] is not None)))
    return _filled(form, expression, value | {"raised": name}, value["args"])


def _filled(form: str, expression: str, value: _Value, literal: str | None) -> str:
    parts = {
        "E": expression if "\n" not in expression and expression.isidentifier() else f"({expression})",
        "R": literal,
        "T": value["type"],
        "C": value.get("raised"),
        "L": repr(value.get("looks")),
        "S": repr(value.get("text")),
    }
    return "".join(str(parts.get(piece, piece)) for piece in _split(form)) + "\n"


def _split(form: str) -> list[str]:
    """The form's words, in order; a placeholder is a capital letter by itself."""
    pieces, word = [], ""
    for letter in form:
        if letter.isalnum() or letter == "_":
            word += letter
            continue
        pieces += [word, letter]
        word = ""
    return [*pieces, word]
