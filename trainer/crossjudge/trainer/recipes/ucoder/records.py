"""What the stages hand on: a line of JSON a problem. What is left out stays in the file, with the reason."""

from pydantic import BaseModel, ConfigDict

from crossjudge.contracts import Test


class Record(BaseModel):
    """One problem in one stage. `left_out` says why it goes no further; None where it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    left_out: str | None = None


class Probed(Record):
    """A problem that a model thought of. `log_prob`: the mean log-probability of a token under that model, in nats."""

    prompt: str
    topic: str = ""
    entry_point: str | None = None
    log_prob: float | None = None


class Rated(Record):
    """`quality` in [0, 1], more is better; `difficulty` in [0, 1], more is harder; None where nothing could be told."""

    quality: float | None = None
    difficulty: float | None = None
    category: str = ""
    reason: str = ""


class Skeleton(Record):
    """Imports, signature and docstring without a body; `agreed` is the share of replies with this signature."""

    entry_point: str = ""
    code: str = ""
    agreed: float = 0.0


class Tested(Record):
    """Distinct tests, and how many replies held any."""

    tests: tuple[Test, ...] = ()
    readable: int = 0


class Candidate(BaseModel):
    """A distinct solution, the likeliest reply that it was in, how often it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    reply: str
    copies: int
    log_prob: float | None


class Sampled(Record):
    """`truncated` replies were cut off at the longest length, and are no candidates."""

    solutions: tuple[Candidate, ...] = ()
    truncated: int = 0


class Executed(Record):
    """The cells of candidates × tests: a string of verdicts a candidate; `sound`, of each test, whether it can tell
    anything; `outputs`, equal numbers in a column for equal answers, -1 for none."""

    rows: tuple[str, ...] = ()
    sound: tuple[bool, ...] = ()
    outputs: tuple[tuple[int, ...], ...] | None = None


class Selected(Record):
    """r*, with e(r*), s(r*) and f(r*) (§2, Eq. 4 to 7), and the share of samples in the largest cluster that may be
    chosen."""

    prompt: str = ""
    entry_point: str = ""
    solution: str = ""
    reply: str = ""
    executed: float = 0.0
    members: int = 0
    perplexity: float | None = None
    agreement: float = 0.0
