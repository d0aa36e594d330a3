"""Texts, numbers and dates, functions that call themselves, and names of a module that are no functions."""

from differential.feature import feature

FEATURES = [
    feature(
        """
        def shout(text, mark="!", *, times=$pos):
            return text.upper() + mark * times

        def is_palindrome(text):
            return text == text[::-1]

        def encode(text):
            return text.encode("utf-8")

        def scramble(data):
            for i in range(len(data)):
                data[i] ^= $pos
            return bytes(data)

        def words(text):
            return text.split(), len(text)
        """,
        """
        shout($str)

        shout($str, times=$small)

        shout($str, $str, times=1)

        shout($str, "?", 3)

        is_palindrome($str)

        [is_palindrome(w) for w in $strs]

        encode($str)

        encode($bytes)

        data = bytearray($bytes)
        scramble(data)
        data

        data = bytearray($bytes)
        scramble(data)

        scramble($bytes)

        words($str)

        parts, size = words($str)
        parts * 2, size

        ",".join(words($str)[0])

        f"{shout($str)!r:$fmt}"
        """,
        is_plain=True,
    ),
    feature(
        """
        import datetime
        from decimal import Decimal
        from fractions import Fraction

        def half(n):
            return Fraction(n, 2)

        def price(text):
            return Decimal(text) * $pos

        def turn(z):
            return z * 1j

        def later(day, days=$int):
            return day + datetime.timedelta(days=days)

        def spread(n):
            return range(0, n, $pos)

        def middle(xs):
            return xs[slice(1, -1)]

        def odd_values():
            return float("inf"), -0.0, True, None, ..., 10**$pos
        """,
        """
        half($int)

        half($int) + half($int)

        str(half($int))

        price("1.10")

        from decimal import Decimal
        price("2.5") == Decimal("2.5") * $pos

        price($str)

        turn($int + 2j)

        import datetime
        later(datetime.date(2024, 2, 28)).isoformat()

        import datetime
        later(datetime.date(2024, 2, 28), days=$small).day

        spread($pos)

        list(spread($pos))

        middle($ints)

        middle($tuple)

        odd_values()[1:4]

        odd_values()[0] > 10**300, odd_values()[4] is ...

        odd_values()[2] is True, odd_values()[3] is None

        import math
        math.copysign(1, odd_values()[1])
        """,
    ),
    feature(
        """
        def echo(x):
            return x

        def twice(x):
            return [x, x]

        def wrap(*args, **kwargs):
            return args, kwargs

        def kind(x):
            return type(x).__name__
        """,
        """
        echo($any)

        wrap($any, k=$any)

        twice($any)

        a, b = twice([$int])
        a is b, a

        pair = twice([$int])
        pair[0].append(1)
        pair[1]

        kind($any)

        kind(1 if $bool else 1.0), kind(True)

        wrap(*$ints, **$dict)

        args, kwargs = wrap($any, x=$any)
        len(args), sorted(kwargs)

        echo($any) == echo($any)

        box = [$any]
        echo(box) is box

        echo((1, [$int])) == (1, [$int])

        wrap()

        kind(echo), kind(len), kind(None)
        """,
    ),
    feature(
        """
        import functools

        @functools.lru_cache(maxsize=None)
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        def gcd(a, b, /):
            while b:
                a, b = b, a % b
            return a

        def hanoi(n, source="A", to="C", via="B"):
            if n == 0:
                return []
            return hanoi(n - 1, source, via, to) + [(source, to)] + hanoi(n - 1, via, to, source)

        def flatten(tree):
            if not isinstance(tree, (list, tuple)):
                return [tree]
            return [leaf for branch in tree for leaf in flatten(branch)]

        def depth(n):
            return 0 if n == 0 else 1 + depth(n - 1)
        """,
        """
        fib($pos)

        [fib(n) for n in range($pos)]

        fib(7)
        fib.cache_info().misses

        gcd($int, $int)

        gcd(a=$int, b=$int)

        hanoi($small)

        flatten($any)

        flatten([$ints, ($int, $anys)])

        depth($pos * 10)

        fib([$int])

        import functools
        functools.reduce(gcd, [12, 18, $int])

        fib.__wrapped__($small)
        """,
    ),
    feature(
        """
        import json
        import re

        LIMIT = $int
        TABLE = $dict
        _hidden = $ints

        def parse(text):
            return json.loads(text)

        def numbers(text):
            return [int(found) for found in re.findall(r"-?[0-9]+", text)]

        def lookup(key):
            return TABLE[key]

        def over(x):
            return x > LIMIT
        """,
        """
        parse($str)

        parse('{"a": [1, 2.5, null, true]}')

        numbers("a1 b-22 c" + str($int))

        lookup("a")

        lookup("nothing")

        TABLE

        LIMIT + 1

        LIMIT, over(LIMIT), over(LIMIT + 1)

        sorted(TABLE.items())

        _hidden

        list(filter(over, $ints))

        import json
        json.dumps(TABLE, sort_keys=True)

        TABLE.get("a", $int)

        f"{LIMIT:$fmt}"
        """,
    ),
]
