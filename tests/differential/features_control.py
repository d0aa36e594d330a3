"""What moves control to and fro between solution and test: generators, closures, callbacks, exceptions, coroutines."""

from .feature import feature

FEATURES = [
    feature(
        """
        def countdown(n):
            while n > 0:
                yield n
                n -= 1
            return "done"

        def evens():
            n = $int * 2
            while True:
                yield n
                n += 2

        def averager():
            total = count = 0
            value = None
            while True:
                got = yield value
                if got is None:
                    return total
                total += got
                count += 1
                value = total // count

        def guarded(log):
            try:
                yield 1
                yield 2
            except ValueError as error:
                log.append(str(error))
                yield -1
            finally:
                log.append("closed")

        def chained(*parts):
            for part in parts:
                yield from part

        def squares(xs):
            return (x * x for x in xs)

        def pairs_of(xs):
            return zip(xs, xs[1:])
        """,
        """
        list(countdown($small))

        next(countdown($small))

        next(countdown(0), $any)

        countdown(2)

        numbers = countdown(3)
        next(numbers), next(numbers), list(numbers)

        import itertools
        list(itertools.islice(evens(), $small))

        for n in evens():
            if n > $pos:
                break
        n

        running = averager()
        next(running)
        running.send($int), running.send($int)

        running = averager()
        next(running)
        running.send($int)
        try:
            running.send(None)
        except StopIteration as stop:
            result = stop.value
        result

        running = averager()
        running.send(1)

        def drain(it):
            result = yield from it
            yield result
        list(drain(countdown(2)))

        log = []
        it = guarded(log)
        next(it)
        it.close()
        log

        log = []
        it = guarded(log)
        next(it)
        it.throw(ValueError($str)), log

        log = []
        it = guarded(log)
        next(it)
        it.throw(KeyError("k"))

        log = []
        list(guarded(log)), log

        list(chained($ints, $strs, countdown(2)))

        list(chained($ints, (x for x in $ints)))

        list(chained(3))

        sum(squares($ints)), max(squares([1, $int]))

        a, b, *c = squares([1, 2, 3, $int])
        a, b, c

        list(pairs_of($ints))

        sorted(squares($ints)), set(squares($ints))

        it = countdown(2)
        iter(it) is it

        $int in countdown(5)

        [x for x in countdown(4) if x % 2]

        dict(zip("abc", countdown(3)))

        "".join(str(x) for x in countdown($small))

        import types
        isinstance(countdown(1), types.GeneratorType)

        any(x > 3 for x in countdown($pos)), all(countdown(2))

        def feed():
            yield from $ints
        list(squares(feed()))

        def feed():
            yield 1
            raise $error("in the test")
        list(squares(feed()))
        """,
    ),
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
    feature(
        """
        class AppError(Exception):
            '''Base of ours.'''

        class NotFound(AppError, LookupError):
            def __init__(self, key, hint=None):
                super().__init__(f"no {key}")
                self.key = key
                self.hint = hint

        class Quiet(ValueError):
            def __str__(self):
                return "quiet"

        def find(table, key):
            try:
                return table[key]
            except KeyError as error:
                raise NotFound(key, $any) from error

        def fail_with(error):
            raise error

        def builtin(n):
            if n == 0:
                return 1 // n
            if n == 1:
                return [][n]
            if n == 2:
                return {}["k"]
            if n == 3:
                return int("z")
            if n == 4:
                assert n == 5, "in the solution"
            raise $exc

        def quiet():
            raise Quiet(1, $any)

        def describe(error):
            return type(error).__name__, str(error), isinstance(error, AppError)

        def collected(n):
            return [ValueError("v"), NotFound("k"), KeyError(n)]

        def stop():
            raise SystemExit($small)
        """,
        """
        find($dict, "a")

        find({}, $any)

        try:
            find({}, "k")
        except NotFound as error:
            seen = error.key, error.args, str(error), type(error.__cause__).__name__
        seen

        try:
            find({}, $str)
        except LookupError as error:
            seen = isinstance(error, AppError), type(error) is NotFound, repr(error)
        seen

        try:
            find({}, "k")
        except (AppError, KeyError) as error:
            seen = error.hint
        seen

        builtin($small)

        builtin($pos)

        try:
            builtin($small)
        except (ZeroDivisionError, IndexError, KeyError) as error:
            seen = type(error).__name__, str(error), error.args
        except ValueError as error:
            seen = "value", str(error)
        except AssertionError as error:
            seen = "assertion", str(error)
        seen

        try:
            builtin($pos)
        except Exception as error:
            seen = type(error).__name__, error.args
        seen

        quiet()

        try:
            quiet()
        except ValueError as error:
            seen = str(error), error.args, type(error) is Quiet, issubclass(Quiet, ValueError)
        seen

        fail_with(NotFound($str))

        fail_with(ValueError($any))

        class Mine(Exception):
            pass
        mine = Mine($any)
        try:
            fail_with(mine)
        except Mine as error:
            seen = error is mine, error.args
        seen

        class Mine(AppError):
            def __init__(self, n):
                super().__init__(n)
                self.n = n
        try:
            fail_with(Mine($int))
        except AppError as error:
            seen = type(error).__name__, error.n
        seen

        class Mine(NotFound):
            pass
        describe(Mine("m")), Mine("m").key

        describe(NotFound($int)), describe(ValueError($int))

        [str(error) for error in collected($int)]

        [type(error).__name__ for error in collected(1)], isinstance(collected(2)[1], NotFound)

        raise collected(1)[$small]

        raise NotFound("raised by the test", hint=$any)

        NotFound("k").key, str(NotFound($str)), NotFound.__name__, NotFound.__doc__, AppError.__doc__

        try:
            fail_with(AssertionError("given"))
        except AssertionError as error:
            seen = str(error)
        seen

        fail_with(AssertionError("given by the test, raised by the solution"))

        stop()

        try:
            stop()
        except SystemExit as error:
            seen = error.code
        seen

        try:
            try:
                find({}, 1)
            finally:
                seen = "finally"
        except AppError:
            seen += " caught"
        seen

        import contextlib
        seen = 1
        with contextlib.suppress(AppError):
            find({}, 1)
            seen = 2
        seen

        import unittest
        with unittest.TestCase().assertRaises(NotFound) as caught:
            find($dict, "nothing")
        caught.exception.key

        import unittest
        with unittest.TestCase().assertRaisesRegex(AppError, "no"):
            find($dict, "a")

        try:
            find({}, 1)
        except NotFound:
            try:
                builtin(0)
            except ZeroDivisionError as error:
                seen = type(error.__context__).__name__
        seen

        try:
            raise AppError("one") from find({"k": ValueError("two")}, "k")
        except AppError as error:
            seen = str(error), str(error.__cause__)
        seen

        find(3, 4)

        find.nothing
        """,
    ),
    feature(
        """
        import asyncio

        async def fetch(x, delay=0):
            await asyncio.sleep(delay)
            if x is None:
                raise ValueError("nothing")
            return [x] * $small

        async def gather(xs):
            return await asyncio.gather(*(fetch(x) for x in xs))

        async def stream(n):
            for i in range(n):
                yield i * $int

        async def using(callback, x):
            return await callback(x)

        class Session:
            def __init__(self):
                self.state = "new"

            async def __aenter__(self):
                self.state = "open"
                return self

            async def __aexit__(self, *args):
                self.state = "closed"

            async def get(self, x):
                return self.state, x
        """,
        """
        import asyncio
        asyncio.run(fetch($any))

        import asyncio
        asyncio.run(fetch(None))

        import asyncio
        asyncio.run(gather($ints))

        import asyncio
        async def main():
            return await fetch($int) + await fetch(1)
        asyncio.run(main())

        import asyncio
        async def main():
            return [x async for x in stream($small)]
        asyncio.run(main())

        import asyncio
        async def main():
            async with Session() as session:
                got = await session.get($any)
            return got, session.state
        asyncio.run(main())

        import asyncio
        async def double(x):
            await asyncio.sleep(0)
            return x * 2
        asyncio.run(using(double, $int))

        import asyncio
        async def main():
            return await asyncio.gather(fetch(1), fetch($int))
        asyncio.run(main())

        import asyncio
        async def main():
            try:
                await fetch(None)
            except ValueError as error:
                return str(error)
        asyncio.run(main())

        import asyncio
        async def main():
            return await asyncio.wait_for(fetch($int), 5)
        asyncio.run(main())

        import inspect
        inspect.iscoroutinefunction(fetch), inspect.isasyncgenfunction(stream)
        """,
    ),
    feature(
        """
        def report(items, sep=$str, file=None):
            for item in items:
                print(item, end=sep + "|", file=file)

        def greet(name):
            print("Hello,", name)
            return len(name)

        def debug(x):
            import sys
            sys.stderr.write(f"debug {x}\\n")
            sys.stdout.write(str(x))
            return x
        """,
        """
        import contextlib, io
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report($strs)
        out.getvalue()

        import contextlib, io
        with contextlib.redirect_stdout(io.StringIO()) as out:
            print("before")
            greet($str)
            print("after")
        out.getvalue().splitlines()

        import contextlib, io
        with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()) as out:
            debug($int)
        errors.getvalue(), out.getvalue()

        greet($str)

        debug($any)

        import io
        out = io.StringIO()
        report($ints, file=out)
        out.getvalue()

        import sys, io
        kept, sys.stdout = sys.stdout, io.StringIO()
        greet("x")
        text, sys.stdout = sys.stdout.getvalue(), kept
        text

        from unittest import mock
        import io
        with mock.patch("sys.stdout", new_callable=io.StringIO) as out:
            greet($str)
        out.getvalue()

        greet($int)
        """,
    ),
    feature(
        """
        class Countdown:
            def __init__(self, n):
                self.n = n

            def __iter__(self):
                return self

            def __next__(self):
                if self.n <= 0:
                    raise StopIteration
                self.n -= 1
                return self.n

        class Lines:
            def __init__(self, *lines):
                self.lines = lines

            def __iter__(self):
                for line in self.lines:
                    yield line

        def lazily(f, xs):
            return map(f, xs)

        def first(xs, default=None):
            return next(iter(xs), default)

        def indexed(xs):
            return enumerate(xs, $int)

        def objects(n):
            return [Countdown(i) for i in range(n)]

        def table(n):
            return {i: Countdown(i) for i in range(n)}

        def pair(n):
            return n, Countdown(n), [Countdown(n + 1)]
        """,
        """
        list(Countdown($small))

        it = Countdown(3)
        next(it), it.n, list(it), list(it)

        next(Countdown(0))

        for x in Countdown($pos):
            if x == 1:
                break
        else:
            x = "none"
        x

        list(Lines($str, $str)), list(Lines())

        lines = Lines(1, $any)
        list(lines) == list(lines)

        list(lazily(lambda x: -x, $ints))

        it = lazily(lambda x: seen.append(x) or x, [1, 2, 3])
        seen = []
        next(it)
        seen

        list(lazily(abs, Countdown(3)))

        first(Countdown($small), $any)

        first($ints)

        first(Lines($any))

        list(indexed($strs))

        [each.n for each in objects($small)]

        [list(each) for each in objects(3)]

        table(3)[2].n, sorted(table($small))

        number, down, (other,) = pair($small)
        number, list(down), list(other)

        class Mine:
            def __iter__(self):
                return iter($ints)
        first(Mine()), list(lazily(str, Mine()))

        class Mine:
            def __getitem__(self, i):
                if i > 2:
                    raise IndexError
                return i * $int
        first(Mine()), list(indexed(Mine()))

        class Slow(Countdown):
            def __next__(self):
                return super().__next__() * 10
        list(Slow($small))

        sum(Countdown($small)), max(Countdown(3)), set(Countdown($small))

        import itertools
        list(itertools.chain(Countdown(2), Lines("x")))

        a, *b = Countdown($pos)
        a, b

        first(3)
        """,
    ),
]
