"""Fuzzes for so many minutes, each round from another seed: `python tests/fuzz/campaign.py MINUTES`.

Ends at the first failure, whose output says how to see it again; otherwise with how many inputs each test has had, and
the most memory that one round has held.
"""

import os
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).parent
_TIMES_A_ROUND = 2
_TEST = re.compile(r"^\S+::(\w+)(?:\[.*\])?:$", re.MULTILINE)
_INPUTS = re.compile(r"(\d+) passing")


def run_round(seed: int, seconds: float) -> Counter[str]:
    """One run of all the tests; how many inputs each has had. Exits with the output where one fails."""
    command = [sys.executable, "-m", "pytest", "-q", "--hypothesis-show-statistics", f"--hypothesis-seed={seed}"]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}  # in CI nothing is left to chance
    environment["FUZZ_TIMES"] = str(_TIMES_A_ROUND)
    done = subprocess.run(
        [*command, str(FOLDER)], env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode != 0:
        sys.exit(f"failed with seed {seed}\n{done.stdout}\n{done.stderr}")
    return count_inputs(done.stdout)


def count_inputs(statistics: str) -> Counter[str]:
    """How many inputs each test has had, as Hypothesis says."""
    found: Counter[str] = Counter()
    pieces = _TEST.split(statistics)
    for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
        found[name] += sum(map(int, _INPUTS.findall(text)))
    return found


def main(minutes: float) -> None:
    """Round after round until the time is over."""
    start, rounds, inputs = time.monotonic(), 0, Counter[str]()
    while time.monotonic() - start < minutes * 60:
        inputs += run_round(random.SystemRandom().randrange(1 << 32), seconds=3600)
        rounds += 1
        print(f"{(time.monotonic() - start) / 60:.1f} min: {inputs.total():,} inputs, none broke anything", flush=True)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"{rounds} rounds, {inputs.total():,} inputs, at most {peak_mb} MB of memory in one process")
    for name, count in inputs.most_common():
        print(f"{count:9,} {name}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)
