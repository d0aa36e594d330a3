"""Generators, iterators, and objects that act as containers."""

from differential.feature import feature

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
