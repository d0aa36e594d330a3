"""docs/operations.md names every setting with its default, every metric and every alert.

`python tests/deploy/test_operations.py` writes the tables of settings anew, from the settings themselves.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from crossjudge.contracts import Limits
from crossjudge.service.settings import ServiceSettings
from crossjudge.worker.settings import WorkerSettings
from exported_metrics import METRICS

REPOSITORY = Path(__file__).parent.parent.parent
DOCUMENT = REPOSITORY / "docs" / "operations.md"
SETTINGS: dict[str, type[BaseSettings]] = {"service": ServiceSettings, "worker": WorkerSettings}


def table(settings: type[BaseSettings]) -> str:
    lines = ["| variable | by default | means |", "| --- | --- | --- |"]
    for name, field in settings.model_fields.items():
        variable = f"CROSSJUDGE_{name.upper()}" + (", or `REDIS_URL`" if name == "redis_url" else "`")
        lines.append(f"| `{variable.replace(',', '`,', 1)} | {_default(name, field)} | {_meaning(name, field)} |")
    return "\n".join(lines)


def _default(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        assert name == "jail_packages", f"say what the default of {name} is"
        return "`numpy`, where it is installed"
    return _shown(field.default)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) else f"`{value}`"


def _meaning(name: str, field: FieldInfo) -> str:
    if field.description:
        return field.description
    limit = name.removeprefix("max_")
    if limit in Limits.model_fields:
        return f"the most that a batch may ask for as `limits.{limit}`"
    assert name == "log_level", f"the setting {name} has no description"
    return "`debug`, `info`, `warning` or `error`"


def marked(part: str) -> tuple[str, str]:
    return f"<!-- settings of the {part}: written by tests/deploy/test_operations.py -->", "<!-- end -->"


def tables_in(text: str) -> Iterator[tuple[str, str]]:
    for part in SETTINGS:
        start, end = marked(part)
        assert text.count(start) == 1, f"{DOCUMENT.name} has no place for the settings of the {part}"
        yield part, text.split(start)[1].split(end)[0]


def write() -> None:
    text = DOCUMENT.read_text("utf-8")
    for part, old in list(tables_in(text)):
        start, end = marked(part)
        text = text.replace(f"{start}{old}{end}", f"{start}\n{table(SETTINGS[part])}\n{end}")
    DOCUMENT.write_text(text, "utf-8")


@pytest.mark.parametrize("part", SETTINGS)
def test_every_setting_is_there_with_its_default(part: str) -> None:
    found = dict(tables_in(DOCUMENT.read_text("utf-8")))[part]
    assert found.strip() == table(SETTINGS[part]), "python tests/deploy/test_operations.py writes it anew"


def test_every_metric_and_every_alert_is_explained() -> None:
    text = DOCUMENT.read_text("utf-8")
    explained = set(re.findall(r"^\| `(\w+)", text, re.MULTILINE))
    alerts = re.findall(r"- alert: (\w+)", (REPOSITORY / "docker/monitoring/alerts.yml").read_text("utf-8"))
    assert {name.removesuffix("_bucket") for name in METRICS} | set(alerts) <= explained


def test_every_file_and_section_that_it_names_is_there() -> None:
    text = DOCUMENT.read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, section = target.partition("#")
        place = DOCUMENT.parent / file if file else DOCUMENT
        assert place.exists(), target
        if section:
            titles = re.findall(r"^#+ (.+)$", place.read_text("utf-8"), re.MULTILINE)
            assert section in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target
    for path in re.findall(r"`((?:docker|deploy|tests)/[\w./-]+)`", text):
        assert (REPOSITORY / path).exists(), path


if __name__ == "__main__":
    write()
