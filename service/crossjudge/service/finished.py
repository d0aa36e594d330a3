"""A batch as it stands in Redis: read piece by piece, since its results may be larger than our memory.

Synchronous: called in a thread. Knows the keys, nothing of how an answer looks.
"""

from collections import OrderedDict
from collections.abc import Iterator

from redis import Redis

from crossjudge.contracts import BatchState, BatchStatus, Order, PackedResult, load_json, unpack
from crossjudge.contracts.queue import BatchField, batch_key, results_key

from .errors import BatchGone, ResultsLost
from .layout import ProblemLayout, read_layout

_MOST_HELD = 8  # a problem of 16 × 16 is two chunks, and each chunk is looked at up to three times


class StoredBatch:
    """What an answer is put together from."""

    def __init__(self, connection: Redis, status: BatchStatus) -> None:
        """Read all but the results. Raises `BatchGone` where it expired a moment ago, and `ResultsLost`."""
        batch = status.id
        with connection.pipeline(transaction=True) as pipe:
            pipe.hmget(batch_key(batch), [BatchField.LAYOUT, BatchField.ORDER, BatchField.CHUNKS_TOTAL])
            pipe.hkeys(results_key(batch))
            (self._layout, order, chunks), judged = pipe.execute()
        if self._layout is None or order is None:
            raise BatchGone(batch)
        if status.status is BatchState.DONE and len(judged) != int(chunks):
            raise ResultsLost(batch)
        self.order = Order.model_validate(load_json(order))
        self.results = Results(connection, batch, {int(chunk) for chunk in judged})

    def problems(self) -> Iterator[ProblemLayout]:
        """Where each problem's rows and columns went."""
        return read_layout(self._layout)


class Results:
    """The results of a batch's chunks. The latest few are held, all others are read anew when they are asked for."""

    def __init__(self, connection: Redis, batch: str, judged: set[int]) -> None:
        self._connection = connection
        self._batch = batch
        self._judged = judged
        self._held: OrderedDict[int, PackedResult] = OrderedDict()

    def get(self, chunk: int) -> PackedResult | None:
        """What came of a chunk; none where the batch ended before it was judged.

        Raises `ResultsLost` where it is gone: an answer without it would look like one in which it never ran.
        """
        if chunk not in self._judged:
            return None
        if (held := self._held.get(chunk)) is not None:
            self._held.move_to_end(chunk)
            return held
        raw = self._connection.hget(results_key(self._batch), str(chunk))
        if not isinstance(raw, bytes):
            raise ResultsLost(self._batch)
        result = self._held[chunk] = unpack(raw)
        if len(self._held) > _MOST_HELD:
            self._held.popitem(last=False)
        return result
