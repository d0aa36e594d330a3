"""The statistics of `crossjudge bench`, and what they are made from: CPU time and memory of processes, turns."""

import itertools
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.client.bench import figures, latency, processes, report, scaling
from crossjudge.client.bench.cells import cells_of
from crossjudge.client.bench.throughput import Throughput
from crossjudge.client.bench.way import Setup, StackOnDemand, Turn, Way, Work
from crossjudge.client.bench.workloads import tiny

VALUES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=50)
SHARES = st.floats(0, 1)


@given(VALUES, SHARES)
def test_a_quantile_is_that_of_numpy(values: list[float], share: float) -> None:
    assert figures.quantile(values, share) == pytest.approx(float(np.quantile(values, share)))


@given(VALUES, SHARES, st.randoms(use_true_random=False))
def test_a_quantile_lies_among_the_values_whatever_their_order(
    values: list[float], share: float, chance: random.Random
) -> None:
    shuffled = sorted(values, key=lambda _: chance.random())
    assert min(values) <= figures.quantile(values, share) == figures.quantile(shuffled, share) <= max(values)


@given(VALUES, SHARES, SHARES)
def test_a_larger_share_is_no_smaller_a_quantile(values: list[float], one: float, other: float) -> None:
    assert figures.quantile(values, min(one, other)) <= figures.quantile(values, max(one, other))


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], -0.1), ([1.0], 1.1)])
def test_there_is_no_quantile_of_nothing(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        figures.quantile(values, share)


@given(VALUES)
def test_percentiles_are_in_their_order_and_say_of_how_many(values: list[float]) -> None:
    found = figures.latencies(values)
    assert found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"] <= round(1000 * max(values), 2)
    assert found["count"] == len(values)


@given(VALUES, st.floats(0.1, 10))
def test_a_drift_of_the_machine_does_not_change_a_ratio(bases: list[float], factor: float) -> None:
    """Every round at a speed of its own: one way stays `factor` times as fast as the other."""
    assert figures.paired_ratio([factor * base for base in bases], bases) == pytest.approx(factor)


@given(st.lists(st.integers(), min_size=1, max_size=8, unique=True))
def test_in_as_many_turns_as_there_are_items_each_is_in_each_place_once(items: list[int]) -> None:
    turns = [figures.rotated(items, turn) for turn in range(len(items))]
    assert all(sorted(turn) == sorted(items) for turn in turns)
    assert all(sorted(place) == sorted(items) for place in zip(*turns, strict=True))


def test_nothing_rotated_is_nothing() -> None:
    assert figures.rotated([], 3) == []


@given(st.floats(0.5, 50), st.floats(1, 20))
def test_arrivals_are_in_order_and_in_time(rate: float, seconds: float) -> None:
    found = latency.arrivals(rate, seconds)
    assert found == sorted(found) and found[0] >= 0 and found[-1] < seconds
    assert found == latency.arrivals(rate, seconds)


def test_arrivals_come_at_their_rate() -> None:
    assert len(latency.arrivals(10, 1000)) == pytest.approx(10_000, rel=0.05)


@given(st.integers(1, 2000))
def test_numbers_of_workers_double_up_to_the_most(most: int) -> None:
    found = scaling.steps(most)
    assert found[0] == 1 and found[-1] == most and found == sorted(set(found))
    assert all(after <= 2 * before for before, after in itertools.pairwise(found))


class Clockwork(Way):
    """A way whose turns take what it is told they take."""

    said: list[str]
    seconds: list[float]

    def judge(self, work: Work) -> Turn:
        self.said.append(self.name)
        passed = {cell.place: True for cell in cells_of(work.problems)}
        return Turn(passed, self.seconds.pop(0), {"workers": 0.001, "client": 5.0}, in_cells=0.0004)


@pytest.fixture
def clockworks(tmp_path_factory: pytest.TempPathFactory) -> list[Clockwork]:
    folder = tmp_path_factory.mktemp("bench")
    setup = Setup(folder, cores=2, stack=StackOnDemand(folder / "stack", 2))
    said: list[str] = []
    ways = [Clockwork(name, setup) for name in ("a", "b", "c")]
    for way, speed in zip(ways, (1.0, 0.5, 0.25), strict=True):
        way.said, way.seconds = said, [100.0, *(speed * drift for drift in (1.0, 4.0, 2.0))]
    return ways


def measured(clockworks: list[Clockwork]) -> Throughput:
    throughput = Throughput(clockworks, [tiny(None)], seconds=0.001, tell=lambda _: None)
    throughput.warm_up()
    for number in range(3):
        throughput.round(number)
    return throughput


def test_each_round_begins_with_another_way(clockworks: list[Clockwork]) -> None:
    measured(clockworks)
    assert "".join(clockworks[0].said) == "abc" + "abc" + "bca" + "cab"


def test_a_report_has_medians_without_the_warm_up_and_ratios_round_by_round(clockworks: list[Clockwork]) -> None:
    [load] = report.throughput(measured(clockworks).found, cores=2).values()
    row = load["ways"]["b"]
    assert row["rounds"] == [2.0, 0.5, 1.0] and row["cells_per_second"] == 1.0
    assert row["cells_per_second_per_core"] == 0.5
    assert row["times"] == {"a": 2.0, "c": 0.5}
    assert row["first_cells"] == 1 and row["first_cells_differing"] == 0


def test_the_harness_is_what_the_program_and_the_caller_leave_of_the_cpu_time(clockworks: list[Clockwork]) -> None:
    [load] = report.throughput(measured(clockworks).found, cores=2).values()
    cpu = load["ways"]["a"]["cpu_ms"]
    assert (cpu["total"], cpu["program"], cpu["harness"], cpu["in_cells"]) == (1.0, 0.4, 0.6, 0.4)
    assert cpu["by_part"] == {"client": 5000.0, "workers": 1.0}


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has done what the code says, and now waits for its end."""
    program = f"{code}\nprint('done', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            assert process.stdout.readline() == "done\n"
            yield process
        finally:
            process.stdin.close()


BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
IN_A_CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\n"


@pytest.mark.parametrize("code", [BURN, IN_A_CHILD], ids=["its own", "that of a child which has ended"])
def test_cpu_time_of_a_tree_is_all_of_it(code: str) -> None:
    with child(code) as process:
        assert 0.25 < sum(processes.cpu_seconds(process.pid).values()) < 10


def test_memory_of_a_tree_counts_what_it_shares_once() -> None:
    fork = "x = bytearray(b'x') * (100 << 20)\nimport os\nif os.fork() == 0:\n    input()\n    os._exit(0)\n"
    with child(fork) as process:
        assert 100 < sum(processes.memory_mb(process.pid).values()) < 180


def test_a_tree_that_has_ended_takes_nothing() -> None:
    with child("pass") as process:
        pid = process.pid
    assert processes.cpu_seconds(pid) == {} and processes.memory_mb(pid) == {}


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("/x/redis-server 127.0.0.1:1", "redis"),
        ("/x/nsjail -q --config /x/jail/nsjail.cfg -- python -m jail.supervisor", "jails"),
        ("python -m crossjudge.service --port 1", "service"),
        ("python -m crossjudge.worker --workers 2 --sandbox nsjail", "workers"),
        ("python -m crossjudge.client up --json", "up"),
    ],
)
def test_a_part_is_known_by_its_command_line(line: str, part: str) -> None:
    assert processes.part_of(line) == part
