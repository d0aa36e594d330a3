"""Dashboard and alerts ask for figures that there are, in PromQL that can be read."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exported_metrics import METRICS

REPOSITORY = Path(__file__).parent.parent.parent
MONITORING = REPOSITORY / "docker" / "monitoring"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "crossjudge.json"
HISTORIES = Path(__file__).parent / "alerts.test.yml"

# What may stand in our queries beside metrics and labels. A word that is missing here is first looked for by promtool.
WORDS = {
    "sum", "max", "min", "count", "by", "rate", "increase", "histogram_quantile", "vector", "absent", "or", "up", "job",
    "instance",
}  # fmt: skip
LABELS = frozenset[str]().union(*METRICS.values())


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def queries() -> Iterator[tuple[str, str]]:
    """Where each query stands, and the query."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def without_strings(query: str) -> str:
    return re.sub(r'"[^"]*"', '""', query)


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_a_query_asks_for_what_is_exported(place: str, query: str) -> None:
    words = set(re.findall(r"[a-zA-Z_:][\w:]*", re.sub(r"\[\d+[smhd]\]", "", without_strings(query))))
    assert words <= METRICS.keys() | LABELS | WORDS, place
    assert words & METRICS.keys() or "up" in words, f"{place} asks for no metric at all"


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_a_query_names_only_labels_that_its_metric_has(place: str, query: str) -> None:
    for metric, matchers in re.findall(r"(crossjudge_\w+)\{([^}]*)\}", query):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        assert labels <= METRICS[metric] | {"instance"}, f"{place}: {metric}"


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_brackets_of_a_query_close_and_counters_are_read_as_rates(place: str, query: str) -> None:
    open_ones = []
    for sign in without_strings(query):
        if sign in "([{":
            open_ones.append(sign)
        elif sign in ")]}":
            assert open_ones and open_ones.pop() + sign in ("()", "[]", "{}"), place
    assert not open_ones, place
    for counter in re.findall(r"crossjudge_\w+_(?:total|bucket)", query):
        assert re.search(rf"(?:rate|increase)\({counter}(?:\{{[^}}]*\}})?\[", query), f"{place}: {counter}"


def test_every_metric_is_shown_or_watched() -> None:
    asked = " ".join(query for _, query in queries())
    assert [metric for metric in METRICS if metric not in asked] == []


def test_every_panel_and_alert_has_what_a_reader_needs() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description"}
    drawn = [panel for panel in panels() if panel["type"] != "row"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
    datasource = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8"))
    uid = datasource["datasources"][0]["uid"]
    for panel in drawn:
        assert panel["title"] and panel["targets"] and panel["datasource"]["uid"] == uid


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: apt install prometheus)"
)
def test_prometheus_itself_takes_rules_and_queries_and_raises_the_right_alerts(tmp_path: Path) -> None:
    recorded = [
        {"record": f"query:{number}", "expr": query.replace("$run", ".*")}
        for number, (_, query) in enumerate(queries())
    ]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": recorded}]}))
    for command in (
        ["check", "config", str(MONITORING / "prometheus.yml")],
        ["check", "rules", str(tmp_path / "queries.yml")],
        ["test", "rules", str(HISTORIES)],
    ):
        said = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=120, check=False)
        assert said.returncode == 0, said.stdout + said.stderr


def test_the_histories_try_every_alert() -> None:
    text = HISTORIES.read_text("utf-8")
    for rule in rules():
        assert text.count(rule["alert"]) >= 2, f"{rule['alert']} is not raised and left alone in {HISTORIES.name}"
