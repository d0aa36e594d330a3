"""A run's configuration by dotted keys, and in which of them runs differ."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from crossjudge.trainer.training.run_folder import CONFIG

Config = Mapping[str, Any]

NOT_OF_THE_ARM = frozenset(
    {"seed", "output_dir", "save_steps", "save_total_limit", "verifier.url", "verifier.patience_seconds"}
)
"""Keys that say which run it is and where it runs, and nothing of what is tried in it."""
ROLES = ("coder", "tester")
BASE = "base"
"""The label of an arm that sets nothing apart from most."""
_MOST_BYTES = 200_000
_MOST_KEYS = 2000
_DEEPEST = 20
_LONGEST_VALUE = 40
_LISTED_IN_FULL = 2


def read_configuration(folder: Path) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """The keys with their values, the text, and notes on what could not be read."""
    try:
        with (folder / CONFIG).open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("utf-8", "replace")
    except OSError as error:
        return {}, "", (f"{CONFIG} cannot be read: {error.strerror or error}",)
    if len(text) > _MOST_BYTES:
        return {}, text[:_MOST_BYTES], (f"{CONFIG} is too long to be read as a configuration",)
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return {}, text, (f"{CONFIG} is no YAML: {' '.join(str(error).split())[:200]}",)
    if not isinstance(document, dict):
        return {}, text, (f"{CONFIG} holds no keys with values",)
    # Bounded: references within YAML can make a short file mean a huge document.
    found: dict[str, Any] = {}
    for key, value in _flat(document, "", 0):
        if len(found) == _MOST_KEYS:
            return found, text, (f"only the first {_MOST_KEYS} keys of {CONFIG} were read",)
        found[key] = value
    return found, text, ()


def _flat(document: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict) and value and depth < _DEEPEST:
            yield from _flat(value, f"{prefix}{key}.", depth + 1)
        elif not isinstance(value, dict):
            yield f"{prefix}{key}", value


def of_the_arm(config: Config) -> tuple[tuple[str, str], ...]:
    """What is tried in a run: its keys but those of one run alone, without those that are not set."""
    kept = {key: told(value) for key, value in config.items() if key not in NOT_OF_THE_ARM and value not in (None, [])}
    return tuple(sorted(kept.items()))


def differing(configs: Sequence[Config]) -> list[str]:
    """The keys of the arm in which configurations differ, in their order."""
    of_arms = [dict(of_the_arm(config)) for config in configs]
    keys = dict.fromkeys(key for config in configs for key in config if key not in NOT_OF_THE_ARM)
    return [key for key in keys if len({each.get(key) for each in of_arms}) > 1]


def labels(configs: Sequence[Config]) -> list[str]:
    """A label for each arm by what sets it apart.

    With one or two differing keys all of them; with more, those with another value than most arms have. What both
    roles have in common is said once.
    """
    keys = differing(configs)
    values = {key: [told(config.get(key)) for config in configs] for key in keys}
    usual = {key: Counter(each).most_common(1)[0][0] for key, each in values.items()}
    in_full = len(keys) <= _LISTED_IN_FULL
    found = []
    for at in range(len(configs)):
        shown = {key: values[key][at] for key in keys if in_full or values[key][at] != usual[key]}
        found.append(", ".join(_for_both_roles(shown)) or BASE)
    return found


def _for_both_roles(shown: Mapping[str, str]) -> Iterator[str]:
    first, second = ROLES
    for key, value in shown.items():
        role, _, rest = key.partition(".")
        other = {first: second, second: first}.get(role)
        if other is not None and shown.get(f"{other}.{rest}") == value:
            if role == first:
                yield f"{rest}={value}"
        else:
            yield f"{key}={value}"


def told(value: Any) -> str:
    """A value of a configuration in a few characters."""
    text = "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"…{text[1 - _LONGEST_VALUE :]}"
