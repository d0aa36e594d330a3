"""The counters of a control group, in the words of both versions; and the groups that a worker makes and removes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crossjudge.worker import cgroups

VERSION_1 = {
    "cpu": ("5000000000\n", "5200000000\n"),
    "held": ("100000000\n", "180000000\n"),
    "stat": ("cache 60000000\nrss 40000000\nshmem 1000\nhierarchical_memory_limit 1\n",) * 2,
    "events": ("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"),
    "hits": ("7\n", "9\n"),
}
VERSION_2 = {
    "cpu": ("usage_usec 5000000\nuser_usec 1\nsystem_usec 2\n", "usage_usec 5200000\nuser_usec 1\nsystem_usec 2\n"),
    "held": VERSION_1["held"],
    "stat": ("anon 40000000\nfile 60000000\nkernel 1\nshmem 1000\n",) * 2,
    "events": (
        "low 0\nhigh 0\nmax 0\noom 3\noom_kill 3\noom_group_kill 0\n",
        "low 0\nhigh 0\nmax 9\noom 4\noom_kill 4\noom_group_kill 0\n",
    ),
}
VERSION_2["hits"] = VERSION_2["events"]

# What a keeper does with the files, which here are ordinary ones; it needs the jail's numbers for them free.
READING = """
import json, os, sys
from pathlib import Path
from crossjudge.worker.jail import handed
from crossjudge.worker.jail.bare import Bare
from crossjudge.worker.jail.meters import Meters
files = {name: Path(path) for name, path in json.loads(sys.argv[1]).items()}
numbers = {name: os.open(path, os.O_RDWR) for name, path in files.items()}
handed.take([json.dumps(numbers)])
ground = Bare("")
ground.processes = os.open("/proc", os.O_RDONLY)
meters = Meters(ground)
meters.begin(1 << 30, 1)
limit = int(files["limit"].read_text())
for name, text in json.loads(sys.argv[2]).items():
    files[name].write_text(text)
kills = [meters.out_of_memory() for _ in range(2)]
print(json.dumps([round(meters.cpu_ns(0) / 1e8), limit > 100_000_000 + (1 << 30), *kills]))
meters.begin(1 << 20, 1)
files["held"].write_text("900000000")
print(json.dumps(meters.out_of_memory()))
files["stat"].write_text(files["stat"].read_text().replace(" 60000000", " 780000000"))
print(json.dumps(meters.out_of_memory()))
meters.begin(1 << 30, 1)
files["events"].write_text(files["events"].read_text().replace("oom_kill 4", "oom_kill 5"))
print(json.dumps(meters.out_of_memory()))
"""


@pytest.mark.parametrize("files", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_the_counters_of_both_versions_are_read(files: dict[str, tuple[str, str]], tmp_path: Path) -> None:
    for name, (before, _) in files.items():
        (tmp_path / name).write_text(before)
    (tmp_path / "limit").write_text("")
    paths = json.dumps({name: str(tmp_path / name) for name in (*files, "limit")})
    after = json.dumps({name: text for name, (_, text) in files.items()})
    run = subprocess.run(
        [sys.executable, "-c", READING, paths, after], capture_output=True, text=True, timeout=60, check=True
    )
    counted, over, over_by_page_cache, killed_within_its_limit = map(json.loads, run.stdout.splitlines())
    # CPU time, room for a whole cell beside what was there; a kill by the kernel counts once, for the cell it was in.
    assert counted == [2, True, "memory", None]
    assert over == "memory"
    assert over_by_page_cache is None
    assert killed_within_its_limit == "machine"


def test_groups_of_a_worker_that_is_gone_are_swept_and_those_of_others_are_not() -> None:
    group = cgroups.make_group()
    if not group.folders:
        pytest.skip("this machine lets us make no control groups")
    try:
        with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
            gone.wait()
        mine = group.folders[0]
        left = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{gone.pid}-"))
        left.mkdir()
        cgroups.sweep()
        assert mine.is_dir() and not left.exists()
    finally:
        group.remove()
    assert not mine.exists()


def test_a_machine_without_groups_gets_none(tmp_path: Path) -> None:
    group = cgroups.make_group(tmp_path / "nowhere")
    assert not group.folders and not group.descriptors
    group.remove()
