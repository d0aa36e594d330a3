"""Closures, decorators and context managers."""

from differential.feature import feature

FEATURES = [
    feature(
        """
        def counter(start=$int):
            count = start

            def step(by=1):
                nonlocal count
                count += by
                return count

            return step

        def compose(*functions):
            def composed(x):
                for function in functions:
                    x = function(x)
                return x
            return composed

        def adder(n):
            return lambda x: x + n

        def power(k):
            def raised(x):
                '''To the power.'''
                return x ** k
            raised.k = k
            return raised

        def accumulate():
            total = []
            def add(x):
                total.append(x)
                return total
            return add

        calls = 0

        def tick():
            global calls
            calls += 1
            return calls
        """,
        """
        step = counter()
        step(), step(by=$int), step()

        one, two = counter(1), counter(1)
        one(), one(), two()

        counter() is counter()

        compose(adder($int), adder($int))(1)

        compose(lambda x: x * 2, str, len)($int)

        compose(adder(1), lambda x: [x, x], sum)($int)

        compose()($any)

        compose(lambda x: 1 // x)(0)

        adder($str)($str)

        adder($str)($int)

        list(map(power(2), $ints))

        power($small).k, power(2).__doc__, power(3).__name__

        add = accumulate()
        add(1)
        add($any)

        add = accumulate()
        first = add($int)
        second = add(2)
        first is second, first

        tick(), tick(), tick()

        tick()
        tick()

        [f(1) for f in (adder(1), adder($int), counter(0))]

        callable(counter()), callable(adder(1))

        add = accumulate()
        add(3).append(4)
        add($int)

        step = counter(0)
        for _ in range($small):
            step()
        step()

        double = power(1)
        double.extra = $any
        double.extra

        import functools
        functools.partial(power(2), $int)()

        {adder: 1}[adder], adder == adder, adder is adder
        """,
    ),
    feature(
        """
        import functools
        import contextlib

        def logged(function):
            calls = []

            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                calls.append(args)
                return function(*args, **kwargs)

            wrapper.calls = calls
            return wrapper

        def retry(times=$pos):
            def decorate(function):
                def wrapper(*args):
                    for attempt in range(times):
                        try:
                            return function(*args)
                        except ValueError:
                            pass
                    raise RuntimeError(f"failed {times} times")
                return wrapper
            return decorate

        def memoize(function):
            cache = {}
            def wrapper(*args):
                if args not in cache:
                    cache[args] = function(*args)
                return cache[args]
            wrapper.cache = cache
            return wrapper

        class Timer:
            def __init__(self, log):
                self.log = log

            def __enter__(self):
                self.log.append("in")
                return self

            def __exit__(self, kind, value, trace):
                self.log.append(kind.__name__ if kind else "out")
                return kind is KeyError

        @contextlib.contextmanager
        def tagged(name):
            parts = [name]
            try:
                yield parts
            except ZeroDivisionError:
                parts.append("caught")
            parts.append("end")
        """,
        """
        @logged
        def add(a, b):
            '''Adds.'''
            return a + b
        add(1, $int), add($int, b=1), add.calls, add.__name__, add.__doc__

        @retry()
        def flaky():
            state.append(1)
            if len(state) < $pos:
                raise ValueError
            return len(state)
        state = []
        flaky()

        @retry(2)
        def broken():
            raise KeyError($str)
        broken()

        @memoize
        def slow(n):
            seen.append(n)
            return n * 2
        seen = []
        slow(1), slow(1), slow($int), seen

        @memoize
        def fibonacci(n):
            return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
        fibonacci(9), len(fibonacci.cache)

        log = []
        with Timer(log) as timer:
            log.append($int)
        log

        log = []
        with Timer(log):
            raise KeyError("swallowed")
        log

        log = []
        try:
            with Timer(log):
                raise $error("through")
        except Exception as error:
            log.append(str(error))
        log

        log = []
        with Timer(log) as timer:
            same = timer.log is log
        same

        with tagged($str) as parts:
            parts.append($int)
        parts

        with tagged("t") as parts:
            1 // 0
        parts

        with tagged("t") as parts:
            raise $error("inside")

        import contextlib
        log = []
        with contextlib.ExitStack() as stack:
            stack.enter_context(Timer(log))
            found = stack.enter_context(tagged("x"))
        log, found

        class Loud(Timer):
            def __exit__(self, *args):
                self.log.append("loud")
                return super().__exit__(*args)
        log = []
        with Loud(log):
            {}["missing"]
        log

        memoize(abs)(-$pos), memoize(len)($str)

        memoize(sum)([1])
        """,
    ),
]
