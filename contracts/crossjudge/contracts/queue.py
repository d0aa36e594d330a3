"""Where things stand in Redis: the queue, the job, and the keys of a batch. Names only; no connection is made here.

Life of a batch. The service writes `columns`, `chunks` and the batch hash, and enqueues one job a chunk in the same
transaction: a batch is accepted whole or not at all. A worker takes a job and leases its chunk in one step (a member of
`LEASES`, scored with the time at which the lease ends) and renews the lease while it works. It writes the result, the
batch's counters and, with the last chunk, its final state in one step, which does nothing when that chunk's result is
already there: a chunk may be delivered twice, its result counts once. The service enqueues anew what was leased and
never finished. Each step publishes a `Event` on `EVENTS`.

Who is next. A run of a tenant is a scope (`scope_of`), with an RQ queue for each priority. Whoever puts a job into one
of them adds the scope to `WOKEN` and rings `BELL`, in the same transaction; nothing else is asked of him. Workers move
the woken to `LANES`, sorted by how much each has had (a virtual time), and take from the first: see `lanes` there.
"""

from typing import Literal

from .batch import Answer, Priority
from .verdict import BatchState

QUEUE = "crossjudge"
"""What the names of the RQ queues of chunks begin with (see `queue_name`). Their jobs carry ids only, as JSON."""

RQ_QUEUE, RQ_JOB = "rq:queue:", "rq:job:"
"""What RQ puts before the name of a queue and the id of a job to make a key of it."""

PRIORITIES: tuple[Priority, ...] = ("high", "normal", "low")
"""In the order in which a run's chunks are taken."""

LANES = "crossjudge:lanes"
"""Sorted set of the tenants that have something in their queues, scored with their virtual time (see `lanes_key`)."""

WOKEN = "crossjudge:lanes:woken"
"""Set of scopes into whose queues something was put since a worker last looked."""

LANE_STATE = "crossjudge:lanes:state"
"""Hash of what lanes have in common: `now`, the virtual time among tenants, and `now:TENANT`, that among its runs; and
`rate`, chunks taken a second as of `rate_at` (Unix seconds), of which what lies `RATE_SECONDS` back counts 1/e."""

RATE_SECONDS = 30.0

BELL = "crossjudge:bell"
"""List that idle workers wait at: an element for each that should look up. What it holds means nothing."""

MOST_RINGS = 64
"""Elements that `BELL` is cut to."""

JOB = "crossjudge.worker.jobs.judge_chunk"
"""Dotted path of the function that RQ calls with `(batch_id, chunk)`; the service never imports it."""

PROTOCOL = 1
"""Which way of speaking through Redis this is: one more with each change that the other side would misread."""

PROTOCOL_KEY = "crossjudge:protocol"
"""The `PROTOCOL` that the service queues chunks by, written as it starts. A worker of another one takes none."""

EVENTS = "crossjudge:events"
"""Publish/subscribe channel of `Event`, as JSON."""

LEASES = "crossjudge:leases"
"""Sorted set of `lease_member(batch, chunk)`, scored with the Unix time in seconds at which the lease ends."""

WORKERS = "crossjudge:workers"
"""Sorted set of worker names, scored with the Unix time in seconds at which each was last alive."""

WORKER_INFO = "crossjudge:workers:info"
"""Hash from worker name to `WorkerInfo`, as JSON."""

BATCHES = "crossjudge:batches"
"""Sorted set of all batches' ids, scored with the Unix time in seconds of their creation."""

KEYS = "crossjudge:keys"
"""Hash from an API key's id to its `StoredKey`, as JSON. While it exists, nobody is answered without a key."""

KEYS_USED = "crossjudge:keys:used"
"""Hash from an API key's id to the Unix time in seconds at which it was about last used."""

MOST_KNOWN = 100_000
"""Batches of a tenant that are remembered after they have expired."""

RUNS = "crossjudge:runs"
"""Sorted set of scopes, scored with the Unix time in seconds of their latest batch."""

CACHE_INDEX = "crossjudge:cache:index"
"""Sorted set of the `cache_key`s that hold something, scored with the Unix time in seconds of their last use."""

CACHE_SIZES = "crossjudge:cache:sizes"
"""Hash from `cache_key` to the bytes that it takes, and from `total` to those of all of them."""

LEASE_SECONDS = 3.5
"""How long a worker may be silent before its chunk is given to another."""

WORKER_SILENT_SECONDS = 10.0
"""How long a worker may be silent before it no longer counts as there."""

MAX_ATTEMPTS = 3
"""How often a chunk is delivered before its cells are given up as not judged (`X`)."""


class Event(Answer):
    """Something happened to a batch: it moved on by a chunk, or it reached a final state."""

    batch: str
    status: BatchState
    total: int
    done: int


SandboxName = Literal["nsjail", "gvisor", "none"]
"""What a worker locks programs up in; `none` is nothing at all, for debugging."""


class WorkerInfo(Answer):
    """What a worker says of itself."""

    name: str
    host: str
    pid: int
    version: str
    jails: int
    sandbox: SandboxName = "nsjail"
    held_back: str | None = None
    """Why it takes no work, though it is alive; none where it does."""


def batch_key(batch: str) -> str:
    """Hash of a batch: run, order, layout, status, times and counters (see `BatchField`)."""
    return f"crossjudge:batch:{batch}"


def columns_key(batch: str) -> str:
    """Hash from problem index to `Columns`, as JSON."""
    return f"{batch_key(batch)}:columns"


def chunks_key(batch: str) -> str:
    """Hash from chunk index to `Chunk`, as JSON."""
    return f"{batch_key(batch)}:chunks"


def results_key(batch: str) -> str:
    """Hash from chunk index to `ChunkResult`, as `packed.pack` writes it."""
    return f"{batch_key(batch)}:results"


def attempts_key(batch: str) -> str:
    """Hash from chunk index to how often it has been started."""
    return f"{batch_key(batch)}:attempts"


def batch_keys(batch: str) -> list[str]:
    """All keys of a batch: what expires, or is deleted, together."""
    return [batch_key(batch), columns_key(batch), chunks_key(batch), results_key(batch), attempts_key(batch)]


def scope_of(tenant: str, run: str) -> str:
    """A run of a tenant. Tenants' names hold no colon; without API keys there is one tenant, with no name."""
    return f"{tenant}:{run}"


def queue_name(scope: str, priority: Priority) -> str:
    """The RQ queue of the scope's chunks of that priority."""
    return f"{QUEUE}:{priority}:{scope}"


def lanes_key(tenant: str) -> str:
    """Sorted set of a tenant's scopes that have something in their queues, scored with their virtual time."""
    return f"{LANES}:of:{tenant}"


def lane_key(scope: str) -> str:
    """Hash of a scope, or of a tenant, as one that shares with others: its `weight`, and its `time` when it had to go.

    A tenant's name has no colon in it and a scope has, so that they do not meet.
    """
    return f"crossjudge:lane:{scope}"


def known_batches_key(tenant: str) -> str:
    """Sorted set of the ids of a tenant's latest batches, expired ones too, `MOST_KNOWN` at most, like `BATCHES`."""
    return f"crossjudge:known:{tenant}"


def batches_key(tenant: str) -> str:
    """Sorted set of the ids of a tenant's batches, scored like `BATCHES`."""
    return f"crossjudge:tenant:{tenant}:batches"


def open_batches_key(tenant: str) -> str:
    """Sorted set of `open_member`s: a tenant's batches that may not be final yet.

    Scored 0 once the batch is there; until then, with the Unix time in seconds up to which its cells are set aside.
    """
    return f"crossjudge:tenant:{tenant}:open"


def open_member(batch: str, cells: int) -> str:
    """The name under which a batch stands at `open_batches_key`."""
    return f"{batch} {cells}"


def bucket_key(tenant: str) -> str:
    """Hash of a tenant's token bucket: cells `used` of it, as they stood `at` a Unix time in seconds."""
    return f"crossjudge:tenant:{tenant}:bucket"


def run_batches_key(scope: str) -> str:
    """Sorted set of the ids of a run's batches, scored like `BATCHES`."""
    return f"crossjudge:run:{scope}:batches"


def run_usage_key(scope: str) -> str:
    """Hash of a run's usage: `batches`, `cells`, `executed`, `cached`, `cpu_ms`, `started` (batches), `wait_ms`."""
    return f"crossjudge:run:{scope}:usage"


def cache_key(row: str) -> str:
    """Hash of what is kept of a row and its cells; `row` is a digest of all that its verdicts depend on."""
    return f"crossjudge:cache:row:{row}"


def claim_key(row: str) -> str:
    """Who judges cells of a row at the moment, and which: expires where that worker no longer says that it does."""
    return f"crossjudge:cache:claim:{row}"


def lease_member(batch: str, chunk: int) -> str:
    """The name under which a chunk stands in `LEASES`."""
    return f"{batch}/{chunk}"


class BatchField:
    """Fields of the hash at `batch_key`. Times are Unix seconds as decimal text; counters are integers."""

    RUN = "run"
    TENANT = "tenant"
    PRIORITY = "priority"
    ORDER = "order"
    """`Order`, as JSON."""
    LAYOUT = "layout"
    """The service's own note of how rows and columns make up the problems that were posted; not text."""
    STATUS = "status"
    CREATED_AT = "created_at"
    STARTED_AT = "started_at"
    FINISHED_AT = "finished_at"
    ERROR = "error"
    CELLS_TOTAL = "cells_total"
    CELLS_DONE = "cells_done"
    EXECUTED = "executed"
    CACHED = "cached"
    CHUNKS_TOTAL = "chunks_total"
    CHUNKS_DONE = "chunks_done"
    RETENTION = "retention"
    """Seconds for which the batch is kept once it is final."""
