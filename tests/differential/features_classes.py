"""Classes of the solution: their instances, operators, attributes, and classes that the test derives from them."""

from .feature import feature

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

        sum([Vec($int, $int), Vec($int, 1)])

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
    feature(
        """
        from dataclasses import dataclass, field
        from typing import NamedTuple
        from collections import namedtuple

        @dataclass(order=True)
        class Item:
            name: str
            price: int = $int
            tags: list = field(default_factory=list, compare=False)

            def __post_init__(self):
                if self.price > 8:
                    raise ValueError("too dear")

            def tag(self, word):
                self.tags.append(word)
                return len(self.tags)

        @dataclass(frozen=True)
        class Point:
            x: int
            y: int = $int

            def moved(self, dx):
                return Point(self.x + dx, self.y)

        class Pair(NamedTuple):
            left: int
            right: int = $int

            def total(self):
                return self.left + self.right

        Spot = namedtuple("Spot", "row column")

        def spots(n):
            return [Spot(i, i * $int) for i in range(n)]

        def cheapest(items):
            return min(items, key=lambda item: item.price)
        """,
        """
        Item($str)

        Item($str, $int)

        Item("a", $small) == Item("a", $small)

        Item("a", 1) < Item("b", 0), Item("a", 1) <= Item("a", $small)

        item = Item("t", 1)
        item.tag($str)
        item.tag("y")
        item.tags

        a, b = Item("a", 1), Item("b", 1)
        a.tags.append($int)
        a.tags, b.tags

        item = Item("t", 1)
        tags = item.tags
        item.tag("z")
        tags is item.tags, len(tags)

        Item("t", 9)

        cheapest([Item("a", $small), Item("b", $small)]).name

        items = [Item("a", $small), Item("b", $small)]
        cheapest(items) in items, cheapest(items) is items[0]

        import dataclasses
        dataclasses.asdict(Item("a", $small))

        import dataclasses
        dataclasses.replace(Point(1, 2), y=$int)

        import dataclasses
        [each.name for each in dataclasses.fields(Item)]

        import dataclasses
        dataclasses.is_dataclass(Point(1, 2)), dataclasses.astuple(Point(1, $int))

        Point(1, 2) == Point(1, $pos)

        Point(1, 2).x, Point(1).moved($int)

        p = Point(1, 2)
        p.x = 5

        import dataclasses
        p = Point(1, 2)
        try:
            p.x = $int
        except dataclasses.FrozenInstanceError as error:
            seen = str(error)
        seen

        {Point(1, 2): 1, Point(1, 2): $int}

        len({Point(1, 2), Point(1, 2), Point($int, 2)})

        Pair(1, 2) == (1, 2), Pair($int), Pair(1, 2)._replace(left=$int)

        Pair($int, $int).total()

        left, right = Pair($int)
        left * right

        Pair(3, $int)._asdict()

        isinstance(Pair(1), tuple), isinstance(Pair(1), Pair)

        spots($small)

        spots(3)[1].row, spots(3)[2] == (2, $int)

        [each.column for each in spots($pos)]

        Spot(1, 2) < Spot(1, $int)

        Spot._fields, Spot(1, 2)[0], len(Spot(0, 0))

        match Point($small, 2):
            case Point(x=0):
                found = "origin"
            case Point(x, y):
                found = x + y
        found

        from dataclasses import dataclass
        @dataclass
        class Dear(Item):
            extra: int = $int
        Dear("d", 2).extra, Dear("d", 2).tag("w"), Dear("d", 3)

        Point(x=$int, z=3)
        """,
    ),
    feature(
        """
        import enum

        class Colour(enum.Enum):
            RED = 1
            GREEN = $pos
            BLUE = "b"

            @property
            def pretty(self):
                return self.name.title()

        class Level(enum.IntEnum):
            LOW = 1
            HIGH = 10

        class Access(enum.Flag):
            READ = enum.auto()
            WRITE = enum.auto()

        class Mode(str, enum.Enum):
            ON = "on"
            OFF = "off"

        def paint(colour):
            return {Colour.RED: "r"}.get(colour, "?")

        def level(n):
            return Level.HIGH if n > $int else Level.LOW

        def mix():
            return Access.READ | Access.WRITE
        """,
        """
        Colour.RED.value, Colour.RED.name, Colour.BLUE.pretty

        Colour(1) is Colour.RED, Colour["BLUE"] is Colour.BLUE

        Colour($str)

        Colour["PINK"]

        [each.name for each in Colour]

        len(Colour), Colour.RED in Colour

        Colour.RED == 1, Colour.RED == Colour.RED, Colour.RED != Colour.BLUE

        paint(Colour.RED), paint(Colour.BLUE), paint(1)

        {Colour.RED: 1, Colour.BLUE: $int}[Colour.RED]

        str(Colour.RED), repr(Colour.BLUE)

        level($int) == 10, level($int) is Level.LOW

        level($int) + 1

        level($int) < Level.HIGH, level($int) > 1

        sorted([Level.HIGH, Level.LOW])

        max(Level)

        Access.READ in mix(), mix() == Access.READ | Access.WRITE

        mix() & Access.READ

        bool(mix() & ~mix())

        Mode.ON == "on", Mode("off") is Mode.OFF, Mode.ON.upper()

        isinstance(Colour.RED, Colour), isinstance(Level.LOW, int), type(Colour.RED) is Colour

        match level($int):
            case Level.LOW:
                found = "low"
            case Level.HIGH:
                found = "high"
        found

        f"{Level.LOW}", f"{Level.HIGH:$fmt}", "%d" % Level.HIGH

        Colour.RED.nothing

        Colour.RED = 3

        Colour.RED < Colour.BLUE
        """,
    ),
    feature(
        """
        class Node:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next

        def build(xs):
            head = None
            for x in reversed(xs):
                head = Node(x, head)
            return head

        def values(head):
            out = []
            while head is not None:
                out.append(head.value)
                head = head.next
            return out

        def reverse(head):
            before = None
            while head:
                head.next, before, head = before, head, head.next
            return before

        class Tree:
            def __init__(self, key, left=None, right=None):
                self.key, self.left, self.right = key, left, right

            def insert(self, key):
                side = "left" if key < self.key else "right"
                child = getattr(self, side)
                if child is None:
                    setattr(self, side, Tree(key))
                else:
                    child.insert(key)

            def __iter__(self):
                if self.left:
                    yield from self.left
                yield self.key
                if self.right:
                    yield from self.right

            def __contains__(self, key):
                return any(key == each for each in self)
        """,
        """
        values(build($ints))

        build($ints) is None

        values(reverse(build($ints)))

        head = build($someints)
        head.next.value

        head = build($someints)
        tail = head.next
        reverse(head)
        tail.next is head, head.next

        head = build([1, 2, 3])
        head.next = head.next.next
        values(head)

        head = build([1, 2])
        head.next.next = Node($int)
        values(head)

        node, seen = build($ints), []
        while node:
            seen.append(node.value)
            node = node.next
        seen

        def same(a, b):
            if a is None or b is None:
                return a is b
            return a.value == b.value and same(a.next, b.next)
        same(build($ints), build($ints))

        node = Node($any)
        node.next = node
        node.next.next is node, node.value

        Node(1) == Node(1), Node(1) != Node(1)

        tree = Tree($int)
        for key in $ints:
            tree.insert(key)
        list(tree)

        tree = Tree($int)
        for key in $ints:
            tree.insert(key)
        $int in tree, sorted(tree)

        tree = Tree(5, Tree($int))
        tree.right is None, tree.left.key

        class Big(Node):
            def __repr__(self):
                return f"Big({self.value})"
        big = Big($any, Node(1))
        values(big), big

        class Mine:
            def __init__(self, value, next=None):
                self.value, self.next = value, next
        values(Mine($int, Mine($any)))

        class Mine:
            def __init__(self, value, next=None):
                self.value, self.next = value, next
        first, second = Mine(1), Mine(2)
        first.next = second
        reverse(first) is second, second.next is first, first.next

        head = build([$int, $int])
        nodes = {head, head.next}
        head in nodes, len(nodes)

        values(3)
        """,
    ),
    feature(
        """
        from abc import ABC, abstractmethod

        class Shape(ABC):
            sides = 0

            @abstractmethod
            def area(self):
                ...

            def describe(self):
                return f"{type(self).__name__} of {self.area()} with {self.sides}"

            def __eq__(self, other):
                return isinstance(other, Shape) and self.area() == other.area()

        class Square(Shape):
            sides = 4

            def __init__(self, size):
                self.size = size

            def area(self):
                return self.size ** 2

        class Registry:
            known = []

            def __init_subclass__(cls, **kwargs):
                super().__init_subclass__()
                Registry.known.append(cls.__name__)

        class Plugin(Registry):
            pass

        def total(shapes):
            return sum(shape.area() for shape in shapes)

        def is_shape(x):
            return isinstance(x, Shape)
        """,
        """
        Square($int).describe()

        Square($int) == Square($int)

        Shape()

        class Circle(Shape):
            def area(self):
                return $int
        Circle().describe()

        class Circle(Shape):
            def area(self):
                return $int
        total([Circle(), Square($int)])

        class Circle(Shape):
            pass
        Circle()

        class Circle(Shape):
            def area(self):
                return $int
        Circle() == Square($small), is_shape(Circle()), is_shape(3)

        class Odd(Square):
            def area(self):
                return super().area() + 1
        Odd($int).area(), Odd(2).describe(), isinstance(Odd(1), Shape)

        class Mine(Registry):
            pass
        Registry.known

        class Duck:
            def area(self):
                return $int
        total([Duck(), Duck()])

        Shape.sides, Square.sides, Square(1).sides

        [each.__name__ for each in Square.__mro__]

        Square.area(Square($int))

        issubclass(Square, Shape), issubclass(int, Shape)

        class Failing(Shape):
            def area(self):
                raise $error("no area")
        Failing().describe()
        """,
    ),
    feature(
        """
        class Stack:
            def __init__(self, items=()):
                self._items = list(items)

            def push(self, x):
                self._items.append(x)

            def pop(self):
                return self._items.pop()

            def __len__(self):
                return len(self._items)

            def __iter__(self):
                return iter(self._items[::-1])

            def __contains__(self, x):
                return x in self._items

            def __getitem__(self, i):
                return self._items[i]

            def __setitem__(self, i, x):
                self._items[i] = x

            def __delitem__(self, i):
                del self._items[i]

            def __call__(self, f):
                self._items = [f(x) for x in self._items]
                return self

            def __index__(self):
                return len(self)

            def __reversed__(self):
                return iter(self._items)

        class Meter:
            def __getattr__(self, name):
                if name.startswith("is_"):
                    return lambda: name[3:]
                raise AttributeError(f"no {name}")

            def __setattr__(self, name, value):
                if name == "locked":
                    raise AttributeError("locked")
                object.__setattr__(self, name, value)

            def __dir__(self):
                return ["b", "a"]

            def __int__(self):
                return $int

            def __float__(self):
                return $float
        """,
        """
        stack = Stack($ints)
        stack.push($any)
        len(stack), stack.pop()

        Stack().pop()

        list(Stack($ints))

        stack = Stack($someints)
        stack[0] = $any
        stack[0], stack[-1]

        stack = Stack($someints)
        del stack[0]
        len(stack)

        Stack($ints)[$small]

        Stack($someints)[0:2]

        $int in Stack($ints), $int not in Stack($ints)

        list(Stack($ints)(lambda x: x * 2))

        Stack($ints)(lambda x: 1 // x)

        bool(Stack($ints)), bool(Stack())

        [10, 20, 30, 40, 50, 60, 70][Stack($ints)]

        list(range(Stack($ints)))

        top, *rest = Stack($someints)
        top, rest

        list(reversed(Stack($ints)))

        sum(Stack($ints)), max(Stack($someints)), sorted(Stack($ints))

        dict(enumerate(Stack($ints)))

        list(zip(Stack($ints), Stack($ints)))

        meter = Meter()
        meter.is_open(), hasattr(meter, "other")

        Meter().other

        meter = Meter()
        meter.locked = 1

        meter = Meter()
        meter.value = $any
        meter.value

        dir(Meter())

        int(Meter()), float(Meter())

        callable(Stack()), callable(Meter())

        stack = Stack([3])
        stack.push(stack)
        stack.pop() is stack

        inner = Stack($ints)
        outer = Stack([inner])
        outer.pop() is inner, len(inner)

        items = $ints
        stack = Stack(items)
        stack.push(1)
        len(items) == len(stack)

        class Loud(Stack):
            def push(self, x):
                super().push(x)
                super().push(x)
        loud = Loud()
        loud.push($any)
        len(loud), list(loud)
        """,
    ),
]
