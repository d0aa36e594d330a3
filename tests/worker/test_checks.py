"""What `doctor` says of the sandbox: on this machine, and in a namespace in which it cannot work."""

import os
import shutil
import subprocess
import sys

import pytest

from crossjudge.contracts.check import Check
from crossjudge.worker.checks import checks

NAMES = ["kernel", "nsjail", "gVisor", "user namespaces", "seccomp", "cgroups", "interpreter", "a judgement"]
PROGRAM = "from crossjudge.worker.checks import checks\nfor check in checks(): print(check.model_dump_json())"


def checks_in(command: list[str], **environment: str) -> dict[str, Check]:
    """The checks as another process finds them."""
    run = subprocess.run(
        [*command, sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = [Check.model_validate_json(line) for line in run.stdout.splitlines()]
    return {check.name: check for check in found}


def test_every_check_says_something_and_what_fails_says_how_to_mend_it() -> None:
    found = list(checks())
    assert [check.name for check in found] == NAMES
    assert all(check.found for check in found)
    assert all(check.mend for check in found if check.status != "ok")


@pytest.mark.nsjail
def test_where_jails_start_a_real_judgement_is_made() -> None:
    assert {check.name: check.status for check in checks()} == dict.fromkeys(NAMES, "ok")


@pytest.mark.nsjail
def test_a_machine_without_user_namespaces_is_told_which_setting_to_change() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no `unshare` command here")
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    found = checks_in(["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh"])
    check = found["user namespaces"]
    assert check.status == "fail"
    assert "sysctl -w user.max_user_namespaces" in str(check.mend)
    assert found["a judgement"].status == "fail"


def test_an_nsjail_that_is_not_there_fails_with_the_setting_that_names_it() -> None:
    found = checks_in([], CROSSJUDGE_NSJAIL_PATH="/nowhere/nsjail")
    assert found["nsjail"].status == "fail"
    assert "CROSSJUDGE_NSJAIL_PATH" in str(found["nsjail"].mend)
    assert "/nowhere/nsjail" in found["a judgement"].found


def test_a_binary_that_is_no_nsjail_fails_with_its_status() -> None:
    found = checks_in([], CROSSJUDGE_NSJAIL_PATH="/bin/false")
    assert "status 1" in found["nsjail"].found
    assert found["a judgement"].status == "fail"
