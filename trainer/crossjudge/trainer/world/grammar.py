"""The tasks of the world: reduce ∘ map ∘ filter ∘ slice over a list of whole numbers.

A task has a spec in English, a one-line solution `f(xs)` and a meaning, `Task.apply`. Every component names the one it
is most easily mistaken for. Each task gives a value on every list of whole numbers: where nothing is left, those that
need an item answer 0. Nothing here knows of models, noise or files.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

Value = int | list[int]
Meaning = TypeVar("Meaning")

KINDS = ("reducer", "mapping", "filter", "slice")


@dataclass(frozen=True)
class Component(Generic[Meaning]):
    """One choice of one kind: how English says it, how code says it, and what it does."""

    name: str
    english: str
    code: str  # a pattern whose `{}` is the list for a reducer; an expression of `x` or `xs` for the other kinds
    apply: Meaning
    mistaken_for: str
    tail: str = ""  # what the end of the spec says


Reducer = Component[Callable[[list[int]], Value]]
Mapping = Component[Callable[[int], int]]
Filter = Component[Callable[[int], bool]]
Slice = Component[Callable[[list[int]], list[int]]]

_OR_0 = " or 0 if none"

REDUCERS: tuple[Reducer, ...] = (
    Component("sum", "sum of", "sum({})", sum, "count"),
    Component("count", "count of", "len({})", len, "sum"),
    Component("largest", "largest of", "max({}, default=0)", lambda ys: max(ys, default=0), "smallest", _OR_0),
    Component("smallest", "smallest of", "min({}, default=0)", lambda ys: min(ys, default=0), "largest", _OR_0),
    Component("first", "first of", "({} + [0])[0]", lambda ys: ys[0] if ys else 0, "last", _OR_0),
    Component("last", "last of", "([0] + {})[-1]", lambda ys: ys[-1] if ys else 0, "first", _OR_0),
    Component("list", "list of", "{}", list, "reversed"),
    Component("sorted", "sorted list of", "sorted({})", sorted, "list"),
    Component("reversed", "reversed list of", "{}[::-1]", lambda ys: ys[::-1], "sorted"),
)


def _shift(by: int) -> tuple[Mapping, Mapping]:
    return (
        Component(f"plus{by}", f"{by} more than each of the", f"x + {by}", lambda x: x + by, f"minus{by}"),
        Component(f"minus{by}", f"{by} less than each of the", f"x - {by}", lambda x: x - by, f"plus{by}"),
    )


MAPPINGS: tuple[Mapping, ...] = (
    Component("same", "the", "x", lambda x: x, "negative"),
    Component("square", "the squares of the", "x * x", lambda x: x * x, "double"),
    Component("double", "the doubles of the", "x + x", lambda x: x + x, "square"),
    Component("negative", "the negatives of the", "-x", lambda x: -x, "absolute"),
    Component("absolute", "the absolute values of the", "abs(x)", abs, "negative"),
    Component("half", "the halves rounded down of the", "x // 2", lambda x: x // 2, "remainder"),
    Component("remainder", "the remainders by 3 of the", "x % 3", lambda x: x % 3, "half"),
    *_shift(1),
    *_shift(2),
    *_shift(3),
)


def _bounds(k: int) -> tuple[Filter, Filter]:
    return (
        Component(f"least{k}", f"numbers at least {k}", f"x >= {k}", lambda x: x >= k, f"most{k}"),
        Component(f"most{k}", f"numbers at most {k}", f"x <= {k}", lambda x: x <= k, f"least{k}"),
    )


def _divisible(k: int) -> tuple[Filter, Filter]:
    return (
        Component(f"by{k}", f"numbers divisible by {k}", f"x % {k} == 0", lambda x: x % k == 0, f"notby{k}"),
        Component(f"notby{k}", f"numbers not divisible by {k}", f"x % {k} != 0", lambda x: x % k != 0, f"by{k}"),
    )


FILTERS: tuple[Filter, ...] = (
    Component("all", "numbers", "", lambda x: True, "positive"),
    Component("even", "even numbers", "x % 2 == 0", lambda x: x % 2 == 0, "odd"),
    Component("odd", "odd numbers", "x % 2 == 1", lambda x: x % 2 == 1, "even"),
    Component("positive", "positive numbers", "x > 0", lambda x: x > 0, "negative"),
    Component("negative", "negative numbers", "x < 0", lambda x: x < 0, "positive"),
    Component("nonzero", "numbers other than 0", "x != 0", lambda x: x != 0, "positive"),
    Component("within3", "numbers within 3 of 0", "abs(x) <= 3", lambda x: abs(x) <= 3, "beyond3"),
    Component("beyond3", "numbers not within 3 of 0", "abs(x) > 3", lambda x: abs(x) > 3, "within3"),
    *(each for k in (-4, -2, 0, 2, 3, 5) for each in _bounds(k)),
    *(each for k in (3, 4, 5) for each in _divisible(k)),
)

SLICES: tuple[Slice, ...] = (
    Component("all", "in xs", "xs", lambda xs: xs, "rest"),
    Component("first2", "in the first 2 items of xs", "xs[:2]", lambda xs: xs[:2], "last2"),
    Component("last2", "in the last 2 items of xs", "xs[-2:]", lambda xs: xs[-2:], "first2"),
    Component("rest", "in xs without its first item", "xs[1:]", lambda xs: xs[1:], "butlast"),
    Component("butlast", "in xs without its last item", "xs[:-1]", lambda xs: xs[:-1], "rest"),
)

_REDUCERS = {each.name: each for each in REDUCERS}
_MAPPINGS = {each.name: each for each in MAPPINGS}
_FILTERS = {each.name: each for each in FILTERS}
_SLICES = {each.name: each for each in SLICES}


@dataclass(frozen=True)
class Task:
    """One component of each kind, by name."""

    reducer: str
    mapping: str
    filter: str
    slice: str

    @property
    def id(self) -> str:
        return f"{self.reducer}.{self.mapping}.{self.filter}.{self.slice}"

    @classmethod
    def of_id(cls, text: str) -> "Task":
        return cls(*text.split("."))

    @cached_property
    def spec(self) -> str:
        reducer = _REDUCERS[self.reducer]
        words = (reducer, _MAPPINGS[self.mapping], _FILTERS[self.filter], _SLICES[self.slice])
        return f"return the {' '.join(each.english for each in words)}{reducer.tail}"

    @cached_property
    def code(self) -> str:
        condition = _FILTERS[self.filter].code
        items = f"[{_MAPPINGS[self.mapping].code} for x in {_SLICES[self.slice].code}"
        items += f" if {condition}]" if condition else "]"
        return f"def f(xs): return {_REDUCERS[self.reducer].code.format(items)}"

    def apply(self, xs: list[int]) -> Value:
        """What the task means for one list; `xs` itself is left as it is."""
        keep, change = _FILTERS[self.filter].apply, _MAPPINGS[self.mapping].apply
        return _REDUCERS[self.reducer].apply([change(x) for x in _SLICES[self.slice].apply(xs) if keep(x)])

    def mistaken(self, kind: str) -> "Task":
        """The task with its component of one kind replaced by the one that it is mistaken for."""
        return replace(self, **{kind: _TABLES[kind][getattr(self, kind)].mistaken_for})


_TABLES: Table[str, Table[str, Component[Any]]] = {
    "reducer": _REDUCERS,
    "mapping": _MAPPINGS,
    "filter": _FILTERS,
    "slice": _SLICES,
}


def all_tasks() -> Iterator[Task]:
    """Every task, always in the same order: 9 × 13 × 26 × 5 = 15,210."""
    return (
        Task(reducer.name, mapping.name, filter.name, slice.name)
        for reducer in REDUCERS
        for mapping in MAPPINGS
        for filter in FILTERS
        for slice in SLICES
    )


def assertion(xs: list[int], value: Value) -> str:
    """The test that says what `f` gives for one list."""
    return f"{assertion_up_to_its_value(xs)}{value}"


def assertion_up_to_its_value(xs: list[int]) -> str:
    return f"assert f({xs}) == "
