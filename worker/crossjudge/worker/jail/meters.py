"""What the kernel has counted of a cell: CPU time, memory, time spent waiting for a core. Knows no limits.

There are two ways to ask. Where the worker could make a control group for the jail, all that descends from the first
zygote is in it, and its counters miss nothing: children that nobody waited for, shared memory, files in memory. Else
there is the row's /proc, which shows only what is alive at the moment of a look.

The worker hands the group's files in (see `handed`): what to write a process id to, and what to read. Version 1 and
version 2 of control groups differ in these; what is read tells them apart.
"""

import contextlib
import os
import time

from . import handed, kernel
from .ground import Namespaces

_UNLIMITED = b"%d" % (1 << 62)
_EXITING = 0x4  # of a process's flags in its `stat`
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def enter_group() -> None:
    """In the first zygote: be in the group, and with us all that we will start."""
    for descriptor in filter(handed.is_there, handed.ENTER):
        os.write(descriptor, b"0")
    leave_group_alone()


def leave_group_alone() -> None:
    """Nobody after this moves in or out."""
    for descriptor in filter(handed.is_there, handed.ENTER):
        os.close(descriptor)


class Kills:
    """What the kernel has killed in the group since a moment, for want of memory."""

    def __init__(self) -> None:
        self._is_counted = handed.is_there(handed.LIMIT)
        self._kills = self._hits = 0
        self.forget()

    def forget(self) -> None:
        """From now on."""
        if self._is_counted:
            self._kills, self._hits = _count_kills(), _count_hits()

    def why(self) -> str | None:
        """Why it has killed since this was last asked, if it did.

        `memory`: the cell has asked for more than it may. `machine`: the machine, or the container, has none to spare.
        """
        before, self._kills = self._kills, _count_kills() if self._is_counted else 0
        if self._kills == before:
            return None
        return "memory" if _count_hits() > self._hits else "machine"


def lift_limit() -> None:
    """Let the group have what memory there is."""
    if handed.is_there(handed.LIMIT):
        os.pwrite(handed.LIMIT, _UNLIMITED, 0)


def _count_hits() -> int:
    """How often the group was at its limit."""
    said = os.pread(handed.HITS, 4096, 0)
    return int(said) if said[:1].isdigit() else int(said.partition(b"max ")[2].split(None, 1)[0])


def _count_kills() -> int:
    return int(os.pread(handed.EVENTS, 4096, 0).rpartition(b"oom_kill ")[2].split(None, 1)[0])


class Meters:
    """The counters of one row, read by its keeper."""

    def __init__(self, ground: Namespaces) -> None:
        self.ground = ground
        pages = ground.read(f"{os.getpid()}/statm").split()
        self.virtual_bytes = int(pages[0]) * _PAGE
        """What a process forked from this one holds before it has done anything."""
        self._resident_bytes = int(pages[1]) * _PAGE
        self._has_cpu = handed.is_there(handed.CPU)
        self._has_memory = handed.is_there(handed.LIMIT)
        self._kills = Kills()
        if self._has_memory:
            self._cached = self._page_cache()

    def begin(self, memory_bytes: int, members: int) -> None:
        """A cell of so many processes begins: what was counted before it is none of its."""
        self.ground.begin_cell()
        self._waited: dict[str, int] = {}
        self._lost_ns = self._most_ns = self._resident = 0
        self._cpu_before = self._group_ns()
        # Each may copy all that it was given by the fork, and page tables are memory too.
        self._most_held = memory_bytes + memory_bytes // 64 + members * self._resident_bytes + (4 << 20)
        self._memory_bytes = memory_bytes
        if self._has_memory:
            self._held_before = _number(handed.HELD)
            self._kills.forget()
            # Beyond what an earlier cell, or the page cache, has left charged: that is none of this one's.
            os.pwrite(handed.LIMIT, b"%d" % (self._held_before + self._most_held), 0)

    def go_first(self) -> None:
        """In a process of the cell: when memory runs out the kernel takes it, and nothing of ours."""
        self._go(b"1000")

    def go_second(self) -> None:
        """In the keeper: where memory runs out and no process of the cell is left, it is the next, and not a zygote.

        Files may hold what is gone when nobody is left who wrote them.
        """
        self._go(b"500")

    def _go(self, score: bytes) -> None:
        if self._has_memory:
            file = os.open("self/oom_score_adj", os.O_WRONLY, dir_fd=self.ground.processes)
            os.write(file, score)
            os.close(file)

    def end(self) -> None:
        """It is over: zygotes may import what they like."""
        lift_limit()

    def cpu_ns(self, reaped_ns: int) -> int:
        """CPU time of all processes of the cell, given that of those that were reaped; without a group, part of it."""
        return max(self._group_ns() - self._cpu_before, reaped_ns + self._lost_ns)

    def _group_ns(self) -> int:
        if not self._has_cpu:
            return 0
        return kernel.group_cpu_ns(handed.CPU) - time.process_time_ns()

    def look(self, reaped_ns: int) -> tuple[int, int, int]:
        """All the living at once: CPU nanoseconds (to a clock tick), nanoseconds waited for a core, how many may run.

        Both times are the cell's so far. What is seen alive and is gone at the next look without that anybody has
        waited for it counts too.
        """
        ticks = able = waited = self._resident = 0
        for pid in self.ground.pids():
            with contextlib.suppress(OSError):  # gone by now
                fields = self.ground.read(f"{pid}/stat").rpartition(b")")[2].split()
                able += fields[0] == b"R"
                ticks += sum(map(int, fields[11:15]))
                self._resident += max(0, int(fields[21]) * _PAGE - self._resident_bytes)
                waited += sum(self._waited_more(f"{pid}/task/{task}") for task in self.ground.tasks(pid))
        with contextlib.suppress(OSError):  # it waits for us as we drain its output
            waited += self._note("supervisor", os.pread(handed.SUPERVISOR, 256, 0))
        seen = reaped_ns + ticks * _TICK_NS
        waited += self.ground.waited_more(seen)
        self._lost_ns += max(0, self._most_ns - self._lost_ns - seen)
        self._most_ns = seen + self._lost_ns
        return self.cpu_ns(seen), waited, able

    def _waited_more(self, task: str) -> int:
        try:
            return self._note(task, self.ground.read(f"{task}/schedstat"))
        except OSError:  # gone by now, or a kernel that does not say
            return 0

    def _note(self, who: str, schedstat: bytes) -> int:
        """Nanoseconds that `who` has waited for a core since the last look."""
        now = int(schedstat.split()[1])
        before = self._waited.get(who, now if who == "supervisor" else 0)
        self._waited[who] = now
        return now - before if now >= before else now  # a process of the same number as one before it

    def is_ending(self, pid: int) -> bool:
        """Whether the kernel is about to end this process."""
        try:
            return bool(int(self.ground.read(f"{pid}/stat").rpartition(b")")[2].split()[6]) & _EXITING)
        except OSError:  # it has ended, and may not even be ours to reap
            return False

    def others_running(self, able: int) -> bool:
        """Whether the machine has more to run at this moment than this process and `able` of the cell's."""
        if not self.ground.sees_the_machine:
            return True  # for all we know
        try:
            return int(self.ground.read("loadavg").split()[3].partition(b"/")[0]) > able + 1
        except (OSError, ValueError, IndexError):
            return False

    def out_of_memory(self) -> str | None:
        """`memory` where the cell holds more than it may, as of the last look; or what `killed_for` says."""
        return self.killed_for() or ("memory" if self._is_over_memory() else None)

    def _is_over_memory(self) -> bool:
        if not self._has_memory:
            return self._resident > self._memory_bytes and self.ground.shared_once() > self._memory_bytes
        grown = _number(handed.HELD) - self._held_before
        return grown > self._most_held and grown - (self._page_cache() - self._cached) > self._most_held

    def killed_for(self) -> str | None:
        """Why the kernel has killed a process of the cell since this was last asked, if it did (see `Kills.why`)."""
        return self._kills.why()

    @staticmethod
    def _page_cache() -> int:
        """Bytes of files that the kernel keeps as long as it has room; files in memory are not among them."""
        said = _fields(os.pread(handed.STAT, 1 << 16, 0))
        return int(said.get(b"file", said.get(b"cache", 0))) - int(said.get(b"shmem", 0))


def _number(descriptor: int) -> int:
    return int(os.pread(descriptor, 64, 0))


def _fields(said: bytes) -> dict[bytes, bytes]:
    pairs = (line.split() for line in said.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
