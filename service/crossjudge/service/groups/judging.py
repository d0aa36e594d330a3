"""A sample's way from its coming to its reward: it joins its group, waits for the others, and for their verdicts.

Nobody holds a group: the sample that makes it complete has its batch taken in, and where that service dies in between,
any other sample of the group that still waits, or is sent again, does so instead. The batch goes in under an
Idempotency-Key of the group's own, so that it is the same batch whoever sends it.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from anyio import to_thread

from crossjudge.contracts import BatchStatus, SampleAnswer, SampleState
from crossjudge.service.caller import Caller
from crossjudge.service.core import Core
from crossjudge.service.errors import BatchGone, Conflict, TooLarge, UnknownBatch, shown
from crossjudge.service.hub import Watch

from .barrier import LINGER_SECONDS, Said, Seen, most_bytes
from .results import Judged, answer, unjudged
from .sample import Member, Sample, batch_of, check_sides, differing, group_id

_PULSE_SECONDS = 5.0
"""How long a caller may be gone before it is noticed."""
_CLAIM_PULSE_SECONDS = 1.0
"""How soon it is noticed that who wanted to make the batch is gone."""

Check = Callable[[], Awaitable[None]]
"""Raises where nobody waits for the answer any more."""


async def reward_of(here: Core, caller: Caller, key: str, sample: Sample, until: float, check: Check) -> SampleAnswer:
    """What is known of a sample as soon as its group is judged, or when that time of the monotonic clock has come.

    Raises `Conflict` where the sample does not fit or the group is over, and whatever taking a batch in raises.
    """
    group, member = group_id(caller.tenant, sample.member.run, key), sample.member
    with here.hub.watch(group) as watch:
        waiting = Waiting(here, caller, key, group, member, watch, until, check)
        seen = await waiting.join(sample)
        del sample  # its problem may be large, and many may wait with it
        return await waiting.answer(seen)


@dataclass
class Waiting:
    """One sample that waits."""

    here: Core
    caller: Caller
    key: str
    group: str
    member: Member
    watch: Watch
    until: float
    check: Check

    async def answer(self, seen: Seen) -> SampleAnswer:
        """The answer to a sample that has joined; `seen` is what it was told then."""
        place, is_last = seen.place, seen.said is Said.COMPLETE
        assert place is not None, seen
        while seen.said is Said.OPEN and self._may_wait:
            seen = await self._looked_again(seen.seconds_left)
        if seen.said is Said.OPEN:
            return unjudged(self.key, self.member, seen, SampleState.WAITING)
        self._refuse_what_is_over(seen)
        check_sides(self.member, seen.solutions, seen.tests)
        seen = await self._have_it_posted(seen, at_once=is_last)
        status = None if seen.batch is None else await self._final(seen.batch)
        if status is None or not status.status.is_final:
            return unjudged(self.key, self.member, seen, SampleState.JUDGING)
        return answer(self.key, self.member, place, seen, await self._judged(status))

    @property
    def _may_wait(self) -> bool:
        return time.monotonic() < self.until and not self.here.hub.is_closing

    async def join(self, sample: Sample) -> Seen:
        """What the group says to the sample that is added to it, or was before."""
        seen = await self.here.barrier.join(self.group, sample)
        if seen.said is Said.DIFFERS:
            raise differing(await self.here.barrier.terms(self.group), sample.terms)
        if seen.said is Said.REUSED:
            raise Conflict(
                f"the sample {shown(self.member.name)} came with another text before: a name stands for one sample, "
                f"and a key for one group, so use new ones for the next"
            )
        if seen.said is Said.FULL:
            raise Conflict(
                f"the group is complete: all {seen.came:,} of its samples have come, and this is none of them. A key "
                f"names one group: use another key for the next, a step's number in it for example"
            )
        if seen.said is Said.LARGE:
            most = most_bytes(self.here.settings)
            raise TooLarge(f"with this sample the group is over this server's limit of {most:,} bytes")
        self._refuse_what_is_over(seen)
        return seen

    def _refuse_what_is_over(self, seen: Seen) -> None:
        if seen.said is Said.OVER:
            raise Conflict(
                f"the group is over: {seen.came:,} of {self.member.size:,} samples came before its deadline. "
                f"Nothing of it is judged; use another key, or this one again in {LINGER_SECONDS // 60} minutes"
            )
        if seen.said is Said.GONE:
            raise Conflict("the group has expired: use another key")

    async def _looked_again(self, at_most: float) -> Seen:
        """The group after something has happened to it, or after that many seconds; checks that somebody waits."""
        end = min(self.until, time.monotonic() + at_most)
        while (left := end - time.monotonic()) > 0 and not self.here.hub.is_closing:
            try:
                await self.watch.next(min(left, _PULSE_SECONDS))
                break
            except TimeoutError:
                await self.check()
        return await self.here.barrier.look(self.group)

    async def _have_it_posted(self, seen: Seen, *, at_once: bool) -> Seen:
        """The group with its batch; without, where another is about to post it and our time is over.

        Who has made the group complete, or comes back to it, does so at once, and all others where that takes too long.
        """
        if not at_once:
            seen = await self._looked_again(_CLAIM_PULSE_SECONDS)
            self._refuse_what_is_over(seen)
        while seen.batch is None:
            async with self.here.barrier.claim(self.group) as is_mine:
                if is_mine:
                    await self._post(seen.nonce)
            if not is_mine and not self._may_wait:
                return seen
            seen = await self._looked_again(0.0 if is_mine else _CLAIM_PULSE_SECONDS)
            self._refuse_what_is_over(seen)
        return seen

    async def _post(self, nonce: str) -> None:
        terms = await self.here.barrier.terms(self.group)
        sources = await self.here.barrier.sources(self.group)
        if terms is None or len(sources) < self.member.size:
            return  # it is posted already, by one whose claim has just ended
        body = await to_thread.run_sync(batch_of, terms, sources, limiter=self.here.intakes)
        batch = await self.here.take_in(body, None, f"group {nonce}", self.caller)
        await self.here.barrier.note(self.group, nonce, batch)

    async def _final(self, batch: str) -> BatchStatus:
        """The batch as soon as it is final, or when the time is over."""
        while True:
            left = self.until - time.monotonic()
            try:
                status = await self.here.wait(batch, min(max(left, 0.0), _PULSE_SECONDS))
            except (UnknownBatch, BatchGone):
                raise Conflict("the group was judged, and its results are no longer kept: use another key") from None
            if status.status.is_final or not self._may_wait:
                return status
            await self.check()

    async def _judged(self, status: BatchStatus) -> Judged:
        def read() -> bytes:
            return b"".join(self.here.pieces(status))

        return await self.here.results.of(status, read, self.here.answers)
