"""A generator whose prompts are shared out among the processes that train together."""

from collections.abc import Sequence

from crossjudge.trainer.processes import Processes, shared_out

from .sampling import Completion, Generator, Sampling


class SharedOutGenerator:
    """Each process samples for its share of the prompts, and all of them get all replies: those of one process."""

    def __init__(self, own: Generator, processes: Processes) -> None:
        self._own = own
        self._processes = processes

    def generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int, first: int = 0
    ) -> list[list[Completion]]:
        """Raises what the generator raises."""

        def sampled(some: Sequence[Sequence[int]], at: int) -> list[list[Completion]]:
            return self._own.generate(some, n, sampling, seed, first + at)

        return shared_out(prompts, sampled, self._processes)
