"""Dataclasses, named tuples and enumerations."""

from differential.feature import feature

FEATURES = [
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
]
