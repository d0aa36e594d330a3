"""What is raised, by either side, and what is caught."""

from differential.feature import feature

FEATURES = [
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
]
