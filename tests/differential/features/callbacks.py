"""Functions of the test that the solution calls."""

from differential.feature import feature

FEATURES = [
    feature(
        """
        def apply(f, *args, **kwargs):
            return f(*args, **kwargs)

        def arranged(xs, key=None, reverse=False):
            return sorted(xs, key=key, reverse=reverse)

        def keep(f, xs):
            return list(filter(f, xs))

        def fold(f, xs, start):
            for x in xs:
                start = f(start, x)
            return start

        def attempt(f, default=$any):
            try:
                return f()
            except ValueError:
                return default

        def same(x):
            return x

        def each(xs, visit):
            for i, x in enumerate(xs):
                if visit(i, x) is False:
                    return i
            return -1

        def call_twice(f):
            return f() == f(), f() is f()

        def name_of(f):
            return f.__name__

        class Button:
            def __init__(self):
                self.handlers = []

            def on(self, handler):
                self.handlers.append(handler)
                return handler

            def click(self, *args):
                return [handler(*args) for handler in self.handlers]
        """,
        """
        apply(lambda x, y=1: x * 10 + y, $int, y=$int)

        apply(len, $str)

        apply(max, $int, $int)

        arranged($ints, key=$keyfn)

        arranged($ints, $keyfn, reverse=$bool)

        arranged($strs, key=len)

        arranged($pairs, key=lambda pair: pair[1])

        keep($pred, $ints)

        fold(lambda a, b: a $op b, $ints, 1)

        fold(lambda a, b: a + [b], $ints, [])

        attempt(lambda: $any)

        attempt(lambda: int("x"))

        attempt(lambda: {}["k"])

        def fail():
            raise ValueError($str)
        attempt(fail)

        def fail():
            assert False, "in a callback"
        attempt(fail)

        class Mine(ValueError):
            pass
        def fail():
            raise Mine("m")
        attempt(fail, $int)

        class Mine(Exception):
            pass
        def fail():
            raise Mine("m", $int)
        try:
            apply(fail)
        except Mine as error:
            seen = error.args
        seen

        f = lambda: 1
        same(f) is f

        class Mine:
            def __init__(self, n):
                self.n = n
        mine = Mine($int)
        same(mine) is mine, same([mine])[0] is mine, same(mine).n

        class Mine:
            def __init__(self, n):
                self.n = n
            def __lt__(self, other):
                return self.n < other.n
            def __repr__(self):
                return f"Mine({self.n})"
        arranged([Mine($int), Mine($int), Mine(1)])

        class Mine:
            pass
        arranged([Mine(), Mine()])

        seen = []
        each($ints, lambda i, x: seen.append((i, x)))
        seen

        seen = {}
        def visit(i, x):
            seen[i] = x
            return i < $small
        each($ints, visit), seen

        call_twice(lambda: $any)

        shared = [1]
        call_twice(lambda: shared)

        call_twice(list)

        def named():
            return 1
        name_of(named), name_of(len)

        button = Button()
        log = []
        button.on(log.append)
        button.on(lambda *args: args)
        button.click($any), log

        button = Button()
        @button.on
        def handler(x):
            return x + 1
        button.click($int), handler(2)

        button = Button()
        handler = lambda: 1
        button.on(handler) is handler, button.handlers[0] is handler

        def outer(n):
            return n if n <= 0 else apply(outer, n - 1) + 1
        outer($pos)

        apply(apply, apply, str, $any)

        apply(Button).click()

        import functools
        arranged($ints, key=functools.cmp_to_key(lambda a, b: b - a))

        import operator
        fold(operator.mul, $ints, 1)

        data = $ints
        apply(data.append, $int)
        data

        data = $ints
        apply(data.sort, reverse=True)
        data

        apply(3)
        """,
    ),
]
