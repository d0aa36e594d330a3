"""`crossjudge bench` for real: every way on a little of everything, and the report that comes of it."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from crossjudge.client.bench.ways import WAYS
from stand_in_judges import CodeJudge, SandboxFusion, listening

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

COMMAND = [sys.executable, "-m", "crossjudge.client", "bench", "--rounds", "1", "--seconds", "0.05"]
PNG = b"\x89PNG\r\n\x1a\n"
HEAD = {"format", "where", "options", "others_share", "throughput", "latency", "scaling", "notes", "seconds"}
OF_A_WAY = {
    "what", "is_sandboxed", "cells_per_second", "cells_per_second_per_core", "rounds", "cells", "cpu_ms", "times",
    "memory_mb", "first_cells", "first_cells_differing",
}  # fmt: skip
LOCKED_UP = {name for name in WAYS if name.startswith(("nsjail", "engine", "service"))}
AGREED = "every way says the same of the same cells"


def bench(folder: Path, *options: str, timeout: float = 300) -> dict[str, Any]:
    """The report of a run whose JSON goes to stdout; everything else is on stderr."""
    command = [*COMMAND, "--json", "-", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report.keys() == HEAD
    return report


def check(ways: dict[str, Any], cores: int) -> None:
    """What holds for each way on each workload."""
    for name, row in ways.items():
        assert row.keys() == OF_A_WAY, name
        assert row["cells_per_second"] > 0 and len(row["rounds"]) == 1
        assert row["cells_per_second_per_core"] == pytest.approx(row["cells_per_second"] / cores, abs=0.1)
        assert row["first_cells_differing"] == 0, f"{name}: {AGREED}"
        assert row["times"].keys() == ways.keys() - {name}
        assert row["is_sandboxed"] == (name in LOCKED_UP)


def test_a_little_of_everything_is_reported(tmp_path: Path) -> None:
    options = ("--workloads", "literal,tiny", "--ways", "in-process,fork,service", "--no-scaling")
    report = bench(tmp_path, *options, "--plot", "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(PNG)
    assert report["throughput"].keys() == {"literal"}
    for load in report["throughput"].values():
        assert load["ways"].keys() == {"in-process", "fork", "service"}
        check(load["ways"], report["where"]["cores"])
        cpu = load["ways"]["service"]["cpu_ms"]
        assert cpu["by_part"].keys() >= {"service", "redis", "workers", "jails", "client"}
        assert cpu["total"] == pytest.approx(cpu["program"] + cpu["harness"], abs=0.01)
        assert cpu["program"] == load["ways"]["in-process"]["cpu_ms"]["total"]
        assert load["ways"]["service"]["memory_mb"].keys() >= {"service", "redis", "workers", "jails"}
    for kind in ("literal", "tiny"):
        for state in ("idle", "loaded"):
            waits = report["latency"]["workloads"][kind]["service"][state]
            assert waits["count"] >= 1 and 0 < waits["p50_ms"] <= waits["p95_ms"] <= waits["p99_ms"]
    assert report["where"]["versions"]["python"] and report["scaling"] == []


@pytest.mark.slow
def test_all_ways_on_all_workloads(tmp_path: Path, shared_data: Path) -> None:
    report = bench(tmp_path, "--data", str(shared_data), "--workers", "2", timeout=900)
    assert report["throughput"].keys() == {"literal", "interpreter", "stdio", "heavy", "real"}
    for name, load in report["throughput"].items():
        assert load["ways"].keys() == (LOCKED_UP if name == "real" else WAYS.keys())
        if name != "real":
            check(load["ways"], report["where"]["cores"])
    assert [row["workers"] for row in report["scaling"]] == [1, 2]
    assert all(row["cells_per_second"] > 0 for row in report["scaling"]) and report["scaling"][0]["times_one"] == 1.0


@pytest.mark.parametrize(("name", "kind"), [("code-judge", CodeJudge), ("sandboxfusion", SandboxFusion)])
def test_another_service_is_asked_over_its_own_http(
    tmp_path: Path, name: str, kind: type[BaseHTTPRequestHandler]
) -> None:
    with listening(kind) as url:
        report = bench(tmp_path, "--workloads", "literal,stdio,tiny", "--ways", "in-process", f"--{name}", url)
    for load in report["throughput"].values():
        assert load["ways"].keys() == {"in-process", name}
        assert load["ways"][name]["first_cells_differing"] == 0, AGREED
        assert load["ways"][name]["cpu_ms"]["total"] is None, "what it takes elsewhere is not known here"
    assert report["latency"]["workloads"]["tiny"][name]["idle"]["count"] >= 1


def test_a_service_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    command = [*COMMAND, "--ways", "in-process", "--code-judge", str(tmp_path)]
    (tmp_path / "run_workers.py").write_text("raise SystemExit('broken')")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr.partition("crossjudge: ")[0]
    assert f"code-judge at {tmp_path} ended; its log ends:" in done.stderr
