"""Messages between solution and test: in the grammar of `split.encoding`, and real ones with a part put wrong."""

import copy
from typing import Any

from hypothesis import strategies as st

from crossjudge.worker.jail.split import operators, plain
from crossjudge.worker.jail.split.decoding import DECODERS
from fuzz.hostile_input import any_text, atoms, dumped

SECRET_NUMBER, SECRET_TEXT = 48271, "kqzvxj"

_tags = st.sampled_from(sorted({*DECODERS, *plain.FROM_TAG, *plain.KIND_OF_TAG}))
_numbers = st.integers(-2, 8)
_names = st.sampled_from(
    ["f", "x", "__eq__", "__class__", "__dict__", "__init__", "__getattribute__", "__del__", "mro", "value", "_value_"]
)
_places = st.tuples(
    st.sampled_from(
        ["builtins", "operator", "os", "sys", "unittest.mock", "types", "functools", "typing", "json", "numpy"]
    ),
    st.sampled_from(
        ["int", "eval", "exec", "open", "object", "type", "ANY", "system", "attrgetter", "partial", "Exception", "len"]
    )
    | _names,
).map(list)


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3)
    return st.one_of(
        st.builds(lambda tag, parts: [tag, *parts], _tags, several),
        st.builds(lambda parts: ["t", *parts], several),
        st.builds(lambda place: ["name", *place], _places),
        st.builds(lambda number: ["class", number], _numbers),
        st.builds(lambda number, cls: ["object", number, ["class", cls]], _numbers, _numbers),
        st.builds(lambda number, cls, data: ["core", number, ["class", cls], data], _numbers, _numbers, inner),
        st.builds(lambda number: ["R", number], _numbers),
        st.builds(
            lambda number, kind, args: ["exception", number, kind, ["t", *args], [None, None], [False, []], None, []],
            _numbers,
            st.builds(lambda number: ["class", number], _numbers) | _places.map(lambda place: ["name", *place]),
            several,
        ),
    )


values: st.SearchStrategy[Any] = st.recursive(atoms | _numbers, _grow, max_leaves=10)

_functions = st.dictionaries(
    _names, st.tuples(st.sampled_from(["plain", "static", "class", "odd"]), values).map(list), max_size=2
)
classes = st.fixed_dictionaries(
    {
        "name": any_text | _names,
        "qualname": _names,
        "module": st.sampled_from(["solution", "builtins", "collections.abc", "unittest.mock"]),
        "doc": st.none() | any_text,
        "bases": st.lists(values, max_size=2) | st.just([["name", "builtins", "int"]]) | st.just([]),
        "functions": st.just({}) | _functions,
        "others": st.lists(_names, max_size=2),
        "operators": st.lists(st.sampled_from(sorted(operators.ALL)), max_size=4),
        "of": st.none() | _places,
        "meta": st.just([]) | st.lists(st.sampled_from(sorted(operators.ALL)), max_size=2),
        "fields": st.none() | st.just([["x", [True, True, True, False], [1], []]]) | values,
        "enum": st.none()
        | st.fixed_dictionaries(
            {
                "family": st.sampled_from(["Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "Other"]),
                "core": st.none() | st.sampled_from(["int", "str", "tuple"]),
                "members": st.lists(st.tuples(_names, values).map(list), max_size=2),
            }
        ),
        "generic": st.booleans(),
        "checks": st.booleans(),
        "annotations": st.just([]) | st.lists(st.tuples(_names, values).map(list), max_size=2),
    }
)
_containers = st.tuples(
    _numbers,
    st.sampled_from(sorted(plain.KIND_OF_TAG)),
    st.lists(st.lists(values, max_size=2) | values, max_size=3),
    st.none() | values,
).map(list)
_requests = st.builds(
    lambda what, parts: ["t", what, *parts],
    st.sampled_from(
        ["call", "get", "set", "del", "op", "dir", "describe", "copy", "deepcopy", "derive", "task", "hello", "bye"]
    ),
    st.lists(values | _numbers.map(lambda number: ["home", number]) | _names, max_size=4),
)
messages = st.one_of(
    st.fixed_dictionaries({"k": st.sampled_from(["r", "e"]), "n": st.integers(1, 4), "v": values}),
    st.fixed_dictionaries({"k": st.just("q"), "n": st.integers(1, 4), "v": _requests}),
    st.fixed_dictionaries(
        {"k": st.sampled_from("rq"), "n": st.integers(1, 4), "v": values},
        optional={
            "c": st.lists(st.tuples(_numbers, classes).map(list), min_size=1, max_size=3),
            "d": st.lists(_containers, max_size=3),
            "x": st.lists(_numbers, max_size=2),
            "z": st.lists(st.tuples(_numbers, _numbers).map(list), max_size=2),
            "o": st.lists(st.tuples(st.sampled_from(["stdout", "stderr", "x"]), any_text).map(list), max_size=2),
        },
    ),
)
bodies = messages.map(dumped)

changes = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(0, 60),
        st.one_of(
            values.map(lambda value: ("put", value)),
            messages.map(lambda message: ("put", message["v"])),
            classes.map(lambda described: ("put", described)),
            st.sampled_from(sorted(operators.ALL)).map(lambda name: ("add", name)),
            st.just(("cut", None)),
            st.just(("double", None)),
        ),
    ),
    min_size=1,
    max_size=4,
)
"""Which frame, which part of it, what becomes of that part."""


def changed(message: Any, place: int, how: tuple[str, Any]) -> Any:
    """The message with one part of it put wrong."""
    message = copy.deepcopy(message)
    places = list(_places_in(message))
    if not places:
        return message
    holder, key = places[place % len(places)]
    what, value = how
    if what == "put":
        holder[key] = value
    elif what == "cut":
        del holder[key]
    elif what == "add" and isinstance(holder[key], list):
        holder[key].append(value)
    elif isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    return message


def _places_in(part: Any) -> Any:
    keys = range(len(part)) if isinstance(part, list) else [*part] if isinstance(part, dict) else ()
    for key in keys:
        if key == "n":  # with another number it would be an answer that nobody waits for
            continue
        yield part, key
        yield from _places_in(part[key])
