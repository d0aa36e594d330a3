"""The manifests are whole, fit together, fit the images, and hold no secret; and a schema or kustomize says so too."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossjudge.service.server import _GRACE_SECONDS

REPOSITORY = Path(__file__).parent.parent.parent
KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
BASE = KUBERNETES / "base"
FOLDERS = [BASE, *sorted((KUBERNETES / "overlays").iterdir())]
OLDEST, NEWEST = "1.33", "1.37"
OTHERS_KINDS = {"keda.sh/v1alpha1"}
"""Not Kubernetes' own: their schemas come with what brings them into a cluster."""

Manifest = dict[str, Any]


def read(file: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(file.read_text("utf-8")) if document]


def kustomization(folder: Path) -> Manifest:
    [found] = read(folder / "kustomization.yaml")
    return found


def manifests(folder: Path = BASE) -> list[Manifest]:
    """Of the files that lie in this folder itself."""
    files = [folder / name for name in kustomization(folder)["resources"] if name.endswith(".yaml")]
    return [document for file in files for document in read(file)]


def every_manifest() -> list[Manifest]:
    return [each for folder in FOLDERS for each in manifests(folder)]


def named(kind: str, name: str) -> Manifest:
    [found] = [each for each in manifests() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def workloads() -> list[Manifest]:
    return [each for each in manifests() if each["kind"] in ("Deployment", "StatefulSet")]


def pod_of(workload: Manifest) -> Manifest:
    pod: Manifest = workload["spec"]["template"]["spec"]
    return pod


def container_of(workload: Manifest) -> Manifest:
    [container] = pod_of(workload)["containers"]
    found: Manifest = container
    return found


def labels_of(workload: Manifest) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def selectors(node: Any) -> Iterator[dict[str, str]]:
    """Every selector of labels that a manifest has, wherever in it."""
    if isinstance(node, dict):
        if isinstance(node.get("matchLabels"), dict):
            yield node["matchLabels"]
        for value in node.values():
            yield from selectors(value)
    elif isinstance(node, list):
        for value in node:
            yield from selectors(value)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_kustomization_names_what_is_there_and_nothing_lies_beside_it(folder: Path) -> None:
    resources = kustomization(folder)["resources"]
    assert [name for name in resources if not (folder / name).exists()] == []
    assert {p.name for p in folder.glob("*.yaml")} - {"kustomization.yaml"} == {
        name for name in resources if name.endswith(".yaml")
    }


def test_every_manifest_says_what_it_is_and_none_is_there_twice() -> None:
    names = [(each["apiVersion"], each["kind"], each["metadata"]["name"]) for each in every_manifest()]
    assert len(set(names)) == len(names) > 10


def test_no_secret_stands_in_the_manifests() -> None:
    assert [each for each in every_manifest() if each["kind"] == "Secret"] == []
    for workload in workloads():
        for variable in container_of(workload)["env"]:
            if "PASSWORD" in variable["name"]:
                assert "secretKeyRef" in variable["valueFrom"]
            elif "REDIS_URL" in variable["name"]:
                assert variable["value"].startswith("redis://:$(REDIS_PASSWORD)@")


@pytest.mark.parametrize("workload", workloads(), ids=lambda workload: workload["metadata"]["name"])
def test_no_pod_has_more_rights_than_it_needs(workload: Manifest) -> None:
    pod, container = pod_of(workload), container_of(workload)
    security = container["securityContext"]
    assert "privileged" not in security and security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False and security["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["automountServiceAccountToken"] is False
    assert not any(pod.get(shared) for shared in ("hostNetwork", "hostPID", "hostIPC"))
    is_worker = container["name"] == "worker"
    assert (pod["securityContext"]["seccompProfile"]["type"] == "Unconfined") is is_worker
    assert (security.get("procMount") == "Unmasked") is (pod.get("hostUsers") is False) is is_worker
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("workload", workloads(), ids=lambda workload: workload["metadata"]["name"])
def test_an_image_is_one_of_ours_and_runs_as_its_own_user(workload: Manifest) -> None:
    image = container_of(workload)["image"]
    assert image in {each["name"] for each in kustomization(BASE)["images"]}
    dockerfile = REPOSITORY / "docker" / f"{image.removeprefix('crossjudge-')}.Dockerfile"
    user = re.findall(r"^USER (\S+)$", dockerfile.read_text("utf-8"), re.MULTILINE)[-1]
    if user != "redis":  # whose number Redis' own image says
        security = pod_of(workload)["securityContext"]
        assert user == f"{security['runAsUser']}:{security['runAsGroup']}"


def test_the_version_of_the_images_is_that_of_the_project() -> None:
    [version] = re.findall(r'^version = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert {each["newTag"] for each in kustomization(BASE)["images"]} == {version}


def test_every_selector_finds_a_pod() -> None:
    of_others = {"crossjudge.io/caller", "kubernetes.io/metadata.name", "k8s-app"}
    pods = [labels_of(workload) for workload in workloads()]
    for manifest in manifests():
        for wanted in selectors(manifest):
            if not wanted.keys() & of_others:
                assert any(wanted.items() <= labels.items() for labels in pods), (manifest["metadata"], wanted)
    for manifest in manifests():
        if manifest["kind"] == "Service":
            assert any(manifest["spec"]["selector"].items() <= labels.items() for labels in pods)


def test_every_pod_is_under_a_policy_and_workers_reach_redis_and_names_alone() -> None:
    assert named("NetworkPolicy", "deny-all")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    worker = named("NetworkPolicy", "worker")["spec"]
    assert worker["policyTypes"] == ["Ingress", "Egress"] and "ingress" not in worker
    assert [sorted(port["port"] for port in rule["ports"]) for rule in worker["egress"]] == [[6379], [53, 53]]


def test_who_is_asked_to_end_has_the_time_for_it() -> None:
    grace = {each["metadata"]["name"]: pod_of(each)["terminationGracePeriodSeconds"] for each in workloads()}
    [pause] = container_of(named("Deployment", "crossjudge-service"))["lifecycle"]["preStop"]["exec"]["command"][1:]
    assert grace["crossjudge-service"] > int(pause) + _GRACE_SECONDS
    assert grace["crossjudge-worker"] >= 60
    assert set(grace) == {"redis", "crossjudge-service", "crossjudge-worker"}


def test_probes_ask_for_what_is_there() -> None:
    service = container_of(named("Deployment", "crossjudge-service"))
    assert service["livenessProbe"]["httpGet"]["path"] == service["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert service["readinessProbe"]["httpGet"]["path"] == "/readyz"
    worker = container_of(named("Deployment", "crossjudge-worker"))
    module = worker["readinessProbe"]["exec"]["command"][2]
    assert (REPOSITORY / "worker" / Path(*module.split("."))).with_suffix(".py").exists()
    assert "livenessProbe" not in worker, "it would end workers because Redis is away"


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_schema_of_kubernetes_takes_every_manifest(version: str) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    checked = [each for each in every_manifest() if each["apiVersion"] not in OTHERS_KINDS]
    for manifest in checked:
        validator.validate(manifest, version, strict=True)
    broken = named("Deployment", "crossjudge-worker") | {"replicas": 2}  # in the wrong place
    with pytest.raises(validator.ValidationError):
        validator.validate(broken, version, strict=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kustomize_builds_what_the_files_say(folder: Path) -> None:
    commands = {"kustomize": ["kustomize", "build"], "kubectl": ["kubectl", "kustomize"]}
    command = next((command for tool, command in commands.items() if shutil.which(tool)), None)
    if command is None:
        pytest.skip("neither kustomize nor kubectl is installed")
    built = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=60, check=True).stdout
    documents = [document for document in yaml.safe_load_all(built) if document]
    expected = manifests() if folder == BASE else manifests() + manifests(folder)
    assert sorted(each["metadata"]["name"] for each in documents) == sorted(e["metadata"]["name"] for e in expected)
    assert {each["metadata"].get("namespace", "crossjudge") for each in documents} == {"crossjudge"}
    images = [container_of(each)["image"] for each in documents if each["kind"] in ("Deployment", "StatefulSet")]
    assert all(re.fullmatch(r"registry\.example/crossjudge-\w+:[\d.]+", image) for image in images)
    if folder.name == "autoscaling":
        [worker] = [
            each for each in documents if each["metadata"]["name"] == "crossjudge-worker" and "template" in each["spec"]
        ]
        assert "replicas" not in worker["spec"]
