"""Classes with state, properties and operators."""

from differential.feature import feature

FEATURES = [
    feature(
        """
        class Account:
            rate = $small

            def __init__(self, owner, balance=$int):
                self.owner = owner
                self.balance = balance
                self._log = []

            def deposit(self, amount):
                if amount < 0:
                    raise ValueError(f"negative: {amount}")
                self.balance += amount
                self._log.append(amount)
                return self

            @property
            def history(self):
                return list(self._log)

            @history.setter
            def history(self, values):
                if not values:
                    raise ValueError("no history")
                self._log = list(values)

            @classmethod
            def empty(cls):
                return cls("nobody", 0)

            @staticmethod
            def fee(amount):
                return amount // $pos

            def __repr__(self):
                return f"{type(self).__name__}({self.owner!r}, {self.balance})"
        """,
        """
        Account("a").balance

        Account($str, $int)

        account = Account($str, $int)
        account.deposit($int)
        account.balance

        account = Account("b", 1)
        account.deposit($pos).deposit($pos) is account

        account = Account("c")
        account.deposit($pos).deposit($pos)
        account.history

        account = Account("c")
        account.history = $ints
        account.history

        account = Account("d")
        account.balance = $int
        account.balance += 1
        account

        account = Account("d")
        account.note = $any
        account.note

        account = Account("d")
        account.missing

        Account.empty()

        Account.fee($int), Account("x").fee($int)

        Account.rate, Account("x").rate

        account = Account("e")
        del account.owner
        hasattr(account, "owner"), hasattr(account, "balance")

        class Saver(Account):
            def deposit(self, amount):
                super().deposit(amount)
                return super().deposit(1)
        Saver("s", $int).deposit($int)

        class Saver(Account):
            rate = $int
            def total(self):
                return self.balance * self.rate + self.fee($int)
        Saver("s", $pos).total()

        class Saver(Account):
            def __init__(self, *args):
                super().__init__(*args)
                self.extra = $any
        saver = Saver("s")
        saver.extra, isinstance(saver, Account), Saver.empty

        class Saver(Account):
            pass
        saver = Saver.empty()
        type(saver) is Saver, repr(saver), issubclass(Saver, Account)

        isinstance(Account("a"), Account), issubclass(Account, object), Account.__name__

        sorted([Account("a", $int), Account("b", $int)], key=lambda each: each.balance)

        accounts = [Account("a", $int) for _ in range(3)]
        for each in accounts:
            each.deposit($pos)
        sum(each.balance for each in accounts)

        account = Account("v")
        sorted(vars(account))

        account = Account("v")
        getattr(account, "balance"), getattr(account, "nothing", $int)

        from unittest import mock
        fake = mock.Mock(return_value=$int)
        fake(Account.fee(2))

        Account()

        type(Account("t")).__name__, type(Account("t")) is Account, Account("t").__class__ is Account

        import copy
        one = Account("o", 1)
        two = copy.copy(one)
        two.balance = $int
        one.balance, two.owner

        import copy
        one = Account("o", 1).deposit(2)
        two = copy.deepcopy(one)
        two.deposit(5)
        one.history, two.history

        method = Account("m", $int).deposit
        method($int)
        """,
    ),
    feature(
        """
        import functools

        @functools.total_ordering
        class Vec:
            __slots__ = ("x", "y")
            __match_args__ = ("x", "y")

            def __init__(self, x, y):
                self.x, self.y = x, y

            def __add__(self, other):
                if not isinstance(other, Vec):
                    return NotImplemented
                return Vec(self.x + other.x, self.y + other.y)

            def __radd__(self, other):
                return self if other == 0 else NotImplemented

            def __iadd__(self, other):
                self.x += other.x
                self.y += other.y
                return self

            def __mul__(self, k):
                return Vec(self.x * k, self.y * k)

            __rmul__ = __mul__

            def __neg__(self):
                return Vec(-self.x, -self.y)

            def __abs__(self):
                return abs(self.x) + abs(self.y)

            def __matmul__(self, other):
                return self.x * other.x + self.y * other.y

            def __eq__(self, other):
                if isinstance(other, Vec):
                    return (self.x, self.y) == (other.x, other.y)
                return NotImplemented

            def __lt__(self, other):
                return abs(self) < abs(other)

            def __hash__(self):
                return hash((self.x, self.y))

            def __bool__(self):
                return self.x $cmp self.y

            def __getitem__(self, i):
                return (self.x, self.y)[i]

            def __len__(self):
                return 2

            def __format__(self, spec):
                return f"<{self.x:{spec or 'd'}}, {self.y}>"

            def __repr__(self):
                return f"Vec({self.x}, {self.y})"
        """,
        """
        Vec($int, $int) + Vec($int, $int)

        Vec($int, $int) == Vec($int, $int)

        Vec(1, $int) == Vec(1, $int), Vec(1, 2) != Vec(1, 2)

        Vec(1, 2) == (1, 2), Vec(1, 2) == 3, Vec(1, 2) != "x", None == Vec(0, 0)

        vectors = [Vec($int, $int), Vec($int, 1)]
        sum(vectors)

        sum([Vec($int, $int), Vec($int, 1)], Vec(0, 0))

        Vec($int, $int) + 3

        3 + Vec($int, $int)

        v = Vec($int, 1)
        w = v
        v += Vec(1, $int)
        v is w, v

        Vec($int, $int) * $int, $int * Vec($int, $int)

        -Vec($int, $int)

        abs(Vec($int, $int))

        Vec($int, $int) @ Vec($int, $int)

        Vec($int, $int) < Vec($int, $int)

        Vec($int, $int) >= Vec($int, $int)

        sorted([Vec($int, 0), Vec($int, 1), Vec($int, $int)])

        max(Vec($int, 0), Vec($int, 1), key=abs)

        max([Vec($int, 0), Vec($int, 1)])

        len({Vec(1, 1), Vec(1, 1), Vec($int, 1)})

        {Vec(1, 2): "a"}[Vec(1, $pos)]

        Vec(1, 2) in [Vec($int, 2), Vec(1, 2)]

        [Vec(1, 2), Vec(3, 4)].index(Vec(3, $int))

        [Vec(1, 2), Vec(1, 2)].count(Vec(1, 2))

        bool(Vec($int, $int)), not Vec($int, $int)

        x, y = Vec($int, $int)
        x - y

        list(Vec($int, $int)), tuple(Vec(1, 2)), len(Vec(1, 2))

        Vec($int, $int)[$small]

        Vec(1, 2)[0:1]

        f"{Vec($int, 2)}", f"{Vec($int, 3):+d}", str(Vec(1, 2)), "%s" % Vec(3, 4)

        v = Vec(1, 2)
        v.z = 3

        v = Vec(1, 2)
        v.x = $int
        v.x, v

        match Vec($int, $small):
            case Vec(0, y):
                found = ("zero", y)
            case Vec(x=x, y=2):
                found = ("two", x)
            case _:
                found = None
        found

        hash(Vec(1, 2)) == hash(Vec(1, 2)) == hash((1, 2))

        v = Vec(1, 2)
        v < 3

        [Vec(1, $int), Vec(2, 0)] == [Vec(1, $int), Vec(2, 0)]

        (Vec(1, 2), "k") == (Vec(1, 2), "k"), {"v": Vec(1, $int)} == {"v": Vec(1, 1)}

        import operator
        operator.add(Vec(1, 2), Vec($int, 2)), operator.itemgetter(1)(Vec(5, $int))

        import functools
        functools.reduce(lambda a, b: a + b, [Vec(i, $int) for i in range(3)])

        class Vec3(Vec):
            def __len__(self):
                return 3
        v = Vec3($int, 2)
        len(v), isinstance(v + v, Vec), v == Vec($int, 2)

        reversed(Vec(1, 2))
        list(reversed(Vec($int, 2)))
        """,
    ),
]
