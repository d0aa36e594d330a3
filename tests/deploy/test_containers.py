"""docker-compose.yml and the images: as closed as they can be, pinned, and with nothing secret in them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossjudge.service.server import _GRACE_SECONDS
from crossjudge.service.settings import ServiceSettings
from crossjudge.worker.settings import WorkerSettings

REPOSITORY = Path(__file__).parent.parent.parent
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILES = sorted((REPOSITORY / "docker").glob("*.Dockerfile"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert "privileged" not in service and "cap_add" not in service
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    options = set(service["security_opt"])
    assert "no-new-privileges:true" in options
    assert ({"seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"} <= options) is (name == "worker")
    assert name == "worker" or options == {"no-new-privileges:true"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_published_port_is_loopbacks_and_internal_networks_stay_internal(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    if name in ("redis", "worker"):
        assert service["networks"] == ["queue"] and COMPOSE["networks"]["queue"] == {"internal": True}


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_container_is_made_of_is_pinned_and_there(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert (REPOSITORY / service["build"]["dockerfile"]).is_file()
    else:
        assert re.fullmatch(r"[\w/.-]+:v?\d+\.\d+\.\d+", service["image"]), "another image may come tomorrow"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (REPOSITORY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_only_what_everybody_needs_starts_without_a_profile() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"redis", "service", "worker"}
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "trainer": ["trainer"], "prometheus": ["monitoring"], "grafana": ["monitoring"],
    }  # fmt: skip


def test_who_is_asked_to_end_has_the_time_for_it() -> None:
    grace = {name: service.get("stop_grace_period", "10s") for name, service in SERVICES.items()}
    assert int(grace["service"].removesuffix("s")) > _GRACE_SECONDS
    assert int(grace["worker"].removesuffix("s")) >= 60


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"trainer"}))
def test_a_container_that_stays_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_an_image_is_pinned_ends_as_an_ordinary_user_and_holds_no_secret(dockerfile: Path) -> None:
    text = dockerfile.read_text("utf-8")
    for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.fullmatch(r"\w+:\d[\w.]*-(?:\w+-)?bookworm", base), base
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users and users[-1].split(":")[0] not in ("root", "0")
    assert not re.search(r"password|secret|api_key|token", re.sub(r"#.*", "", text), re.IGNORECASE)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_what_an_image_copies_reaches_the_build(dockerfile: Path) -> None:
    lines = (REPOSITORY / ".dockerignore").read_text("utf-8").split()
    allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
    for copied in re.findall(r"^COPY (?!--from)(.+)$", dockerfile.read_text("utf-8"), re.MULTILINE):
        for source in [word for word in copied.split()[:-1] if not word.startswith("--")]:
            assert (REPOSITORY / source).exists(), source
            assert any(Path(source).match(pattern) or source.startswith(f"{pattern}/") for pattern in allowed), source


def test_every_variable_that_is_set_is_one_that_is_read() -> None:
    """What nobody reads, a typing error say, is silently ignored."""
    known = {"CROSSJUDGE_URL", "CROSSJUDGE_API_KEY"}  # the client's
    for settings in (ServiceSettings, WorkerSettings):
        known |= {f"CROSSJUDGE_{name.upper()}" for name in settings.model_fields}
    files = [*(REPOSITORY / "deploy").rglob("*.yaml"), REPOSITORY / "docker-compose.yml"]
    for file in files:
        text = re.sub(r"#.*", "", file.read_text("utf-8"))
        assert set(re.findall(r"\b(CROSSJUDGE_\w+)(?=:|,)", re.sub(r"\$\{\w+", "", text))) <= known, file
