"""Generated programs, for where there is no published data: small functions and programs as people write them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crossjudge.contracts import AssertTest, Problem

Answer = Callable[[list[int]], str]

# What the functions take: the arguments of the test in column n.
_ARGUMENTS: dict[str, Callable[[int], tuple[Any, ...]]] = {
    "numbers": lambda n: ([(n * k) % 17 - 5 for k in range(1, 7)],),
    "numbers and a bound": lambda n: ([(n * k) % 13 / 2 for k in range(1, 8)], n / 4),
    "text": lambda n: (" ".join("abcde"[: 1 + (n + k) % 5] for k in range(1 + n % 4)),),
}

FUNCTIONS = {
    "rolling": (
        "numbers",
        """from typing import List


def f(numbers: List[int]) -> List[int]:
    largest = []
    for number in numbers:
        largest.append(number if not largest else max(largest[-1], number))
    return largest
""",
    ),
    "close": (
        "numbers and a bound",
        """from typing import List


def f(numbers: List[float], bound: float) -> bool:
    for index, one in enumerate(numbers):
        for other in numbers[index + 1 :]:
            if abs(one - other) < bound:
                return True
    return False
""",
    ),
    "count": (
        "text",
        """from collections import Counter


def f(text: str) -> dict:
    counts = Counter(text.split())
    most = max(counts.values(), default=0)
    return {word: number for word, number in counts.items() if number == most}
""",
    ),
    "digits": (
        "numbers",
        """def f(numbers):
    \"\"\"Sort by the sum of the digits, in their order where it is the same.\"\"\"

    def digits(number):
        head = -1 if number < 0 else 1
        parts = [int(digit) for digit in str(abs(number))]
        return head * parts[0] + sum(parts[1:])

    return sorted(numbers, key=digits)
""",
    ),
}

PROGRAMS: Sequence[tuple[str, Answer]] = (
    (
        "n = int(input())\nnumbers = list(map(int, input().split()))\nprint(sum(numbers) + {offset})\n",
        lambda xs: str(sum(xs)),
    ),
    (
        "import sys\nnumbers = [int(word) for word in sys.stdin.read().split()][1:]\n"
        "for number in sorted(numbers, reverse=True):\n    print(number + {offset})\n",
        lambda xs: "\n".join(map(str, sorted(xs, reverse=True))),
    ),
    (
        "def main():\n    input()\n    best = here = 0\n    for number in map(int, input().split()):\n"
        "        here = max(0, here + number)\n        best = max(best, here)\n    print(best + {offset})\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
        lambda xs: str(max(sum(xs[i:j]) for i in range(len(xs) + 1) for j in range(i, len(xs) + 1))),
    ),
)
"""Programs that read how many numbers there are, then the numbers, and what they print; wrong by an `offset`."""


def variants(source: str, name: str, count: int) -> list[str]:
    """The solution in so many texts: half of them right, the others wrong in three ways."""
    wrong = ("return None", "return [_right(*args)]", "raise ValueError(args)")
    right = count - count // 2
    broken = [
        f"{source}\n\n_right = {name}\n\n\ndef {name}(*args):\n    {wrong[index % 3]}\n# {index}\n"
        for index in range(count - right)
    ]
    return [f"{source}\n# {index}\n" for index in range(right)] + broken


def matrices(side: int) -> list[Problem]:
    """A problem of `side` × `side` cells for each function; three tests in four expect what is right."""
    problems = []
    for name, (kind, source) in FUNCTIONS.items():
        space: dict[str, Any] = {}
        exec(source, space)
        tests = [AssertTest(code=_assert_of(space["f"], _ARGUMENTS[kind](n), is_right=n % 4 != 3)) for n in range(side)]
        problem = Problem(id=name, entry_point="f", solutions=variants(source, "f", side), tests=list(tests))
        problems.append(problem)
    return problems


def _assert_of(function: Callable[..., Any], arguments: tuple[Any, ...], is_right: bool) -> str:
    given = ", ".join(map(repr, arguments))
    return f"assert f({given}) == {function(*arguments) if is_right else 'never'!r}"


def conversations(count: int, answer: Answer) -> Iterator[tuple[str, str]]:
    """What a program reads, and what it has to print."""
    for n in range(count):
        numbers = [(7 * n + 5 * k) % 23 - 9 for k in range(3 + n % 5)]
        yield f"{len(numbers)}\n{' '.join(map(str, numbers))}\n", f"{answer(numbers)}\n"
