"""Hypothesis strategy for small Python programs: what mutation operators look at, nested at random."""

from collections.abc import Sequence

from hypothesis import strategies as st

NAMES = ("a", "b", "i", "xs", "été")

LITERALS = ("None", "True", "False", "''", "'yes'", "'é\\n'", "0", "1", "-1", "2.5", "1e999", "[]", "f'{a+1}'")
ARITHMETIC = ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>")
BINARY = (*ARITHMETIC, "<", "<=", ">", ">=", "==", "!=", "is", "is not", "in", "not in", "and", "or")

atoms = st.sampled_from(NAMES) | st.sampled_from(LITERALS) | st.integers(0, 20).map(str)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    binary = st.sampled_from(BINARY)
    calls = st.sampled_from(["len", "sum", "min", "max", "any", "sorted", "abs", "range", "a.strip", "b.find", "pow"])
    return st.one_of(
        st.tuples(inner, binary, inner).map(" ".join),
        st.tuples(inner, binary, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(st.sampled_from(["-", "~", "not "]), inner).map(lambda parts: f"({parts[0]}{parts[1]})"),
        st.tuples(calls, st.lists(inner, max_size=3)).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        two.map(lambda p: f"xs[{p[0]}:{p[1]}]"),
        inner.map(lambda e: f"xs[{e}]"),
        inner.map(lambda e: f"xs[:{e}]"),
        two.map(lambda p: f"({p[0]} if {p[1]} else a)"),
        two.map(lambda p: f"[{p[0]} for i in range(3) if {p[1]}]"),
        two.map(lambda p: f"({p[0]},\n  {p[1]})"),
    )


expressions = st.recursive(atoms, _grown, max_leaves=8)
simple = st.one_of(
    expressions.map(lambda e: f"a = {e}"),
    expressions.map(lambda e: f"b += {e}  # ü"),
    expressions.map(lambda e: f"xs.append({e})"),
    expressions.map(lambda e: f"a, b = b, {e}; b -= 1"),
    expressions.map(lambda e: f"return {e}"),
    st.sampled_from(["break", "continue", "pass", "del xs[0]", "raise ValueError('no', 3)", '"""text"""']),
)


def _block(statements: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for statement in statements for line in statement.split("\n"))


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map(_block)
    return st.one_of(
        st.tuples(expressions, body).map(lambda p: f"if {p[0]}:\n{p[1]}"),
        st.tuples(expressions, body, body).map(lambda p: f"if {p[0]}:\n{p[1]}\nelif a:\n{p[2]}\nelse:\n    b += 1"),
        st.tuples(expressions, body).map(lambda p: f"while {p[0]}:\n{p[1]}"),
        st.tuples(expressions, body).map(lambda p: f"for i in {p[0]}:\n{p[1]}"),
        body.map(lambda b: f"try:\n{b}\nexcept ValueError:\n    a = 1"),
    )


statements = st.recursive(simple, _nested, max_leaves=6)
programs = st.tuples(st.lists(statements, min_size=1, max_size=4).map(_block), st.sampled_from(["\n", "\r\n"])).map(
    lambda parts: f"def f(a, b: int = 3, *xs) -> int:\n{parts[0]}\n".replace("\n", parts[1])
)
