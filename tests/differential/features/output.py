"""What is printed, and how a test reads it."""

from differential.feature import feature

FEATURES = [
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
]
