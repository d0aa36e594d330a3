"""Linked objects, classes that inherit from each other or are abstract, and classes that a test derives from."""

from differential.feature import feature

FEATURES = [
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
