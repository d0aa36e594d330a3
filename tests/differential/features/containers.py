"""Lists, dicts, sets and what holds them: arguments that are changed, values that are shared."""

from differential.feature import feature

FEATURES = [
    feature(
        """
        def combine(a, b=$int):
            if a $cmp b:
                return $expr
            return $expr
        """,
        """
        combine($int, $int)

        combine($int)

        combine(b=$int, a=$int)

        combine(*($int, $int))

        combine(**{"a": $int, "b": $int})

        [combine(x, $int) for x in range(4)]

        list(map(combine, $ints, $ints))

        combine($int, $str)

        combine($float, $int)

        combine($big, $big)

        {x: combine(x, $pos) for x in $set}

        combine(combine($int), combine($int))
        """,
        is_plain=True,
    ),
    feature(
        """
        from typing import List, Optional

        def running(xs: List[int], start: int = $int) -> List[int]:
            '''Totals so far.'''
            total, out = start, []
            for x in xs:
                total = total $op x
                out.append(total)
            return out

        def largest(xs: List[int]) -> Optional[int]:
            return max(xs) if xs else None
        """,
        """
        running($ints)

        running($ints, start=$int)

        running(x for x in $ints)

        running(tuple($ints))

        largest($ints)

        largest(running($ints))

        running($strs)

        running.__name__, running.__doc__

        running.__annotations__["xs"]

        import inspect
        list(inspect.signature(running).parameters)

        import inspect
        str(inspect.signature(running))
        """,
    ),
    feature(
        """
        def push(xs, x):
            xs.append(x)
            return xs

        def squeeze(xs):
            seen = []
            for x in list(xs):
                if x in seen:
                    xs.remove(x)
                else:
                    seen.append(x)

        def transpose(grid):
            grid[:] = [list(row) for row in zip(*grid)]

        def bump(grid):
            for row in grid:
                row[0] += $int
        """,
        """
        data = $ints
        push(data, $any)
        data

        data = $ints
        push(data, $int) is data

        data = $ints
        alias = data
        push(alias, $int)
        len(data), alias is data

        data = $ints
        squeeze(data)

        data = $ints
        squeeze(data)
        data

        grid = $grid
        rows = list(grid)
        transpose(grid)
        grid, rows

        row = [$int, $int]
        grid = [row, row, [$int]]
        bump(grid)
        grid, grid[0] is grid[1], row

        grid = $grid
        first = grid[0]
        bump(grid)
        first is grid[0], first

        data = $ints
        other = push(data, $int)
        other.append($int)
        data

        push(($int, $int), 3)
        """,
    ),
    feature(
        """
        from collections import Counter, OrderedDict, defaultdict, deque

        def tally(words):
            return Counter(words)

        def grouped(pairs):
            out = defaultdict(list)
            for key, value in pairs:
                out[key].append(value)
            return out

        def ordered(mapping):
            return OrderedDict(sorted(mapping.items()))

        def window(xs, n=$pos):
            return deque(xs, maxlen=n)

        def invert(mapping):
            return {value: key for key, value in mapping.items()}

        def absorb(mapping, other):
            mapping.update(other)
            mapping.setdefault("z", []).append($int)
            mapping.pop("a", None)
            return len(mapping)
        """,
        """
        tally($strs)

        tally($strs).most_common(2)

        tally($strs) + tally($strs)

        tally($strs)["nothing"]

        dict(grouped($pairs))

        grouped($pairs)

        found = grouped($pairs)
        found["new"].append(1)
        sorted(found)

        ordered($dict)

        list(ordered($dict).items())

        window($ints)

        last = window($ints)
        last.append($int)
        list(last), last.maxlen

        invert($dict)

        data = $dict
        absorb(data, $dict)

        data = $dict
        absorb(data, $dict)
        data

        data = $dict
        try:
            absorb(data, {"z": 1})
        except AttributeError:
            data["seen"] = True
        data

        from collections import Counter
        isinstance(tally($strs), Counter)

        from collections import defaultdict
        data = defaultdict(list)
        absorb(data, $dict)
        data
        """,
    ),
    feature(
        """
        def unique(xs):
            return set(xs)

        def common(a, b):
            return frozenset(a) & frozenset(b)

        def widen(found, x):
            found.add(x)
            found |= {x, -1}

        def powers(xs):
            return {frozenset([x, x * 2]): x for x in xs}
        """,
        """
        unique($ints)

        unique($ints) | {$int}

        sorted(unique($ints))

        $int in unique($ints)

        common($ints, $ints)

        common($set, $set) <= {$int, $int}

        found = $set
        widen(found, $int)
        found

        powers($ints)

        unique([[1]])

        len(unique($strs))
        """,
    ),
]
