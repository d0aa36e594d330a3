"""What can be told to be wrong before a model is loaded, or before it is asked anything. No torch.

A run looks at its configuration, data, templates, folder, verifier, models and prompts in this order, which is that of
what it costs; each complaint names what to change.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from crossjudge.client import Client, CrossjudgeError, ProtocolError, Verdict
from crossjudge.trainer.data import TrainingProblem, load_template, read_problems
from crossjudge.trainer.plugins import part_at

from .config import RunConfig
from .errors import BadConfig, BadRunFolder
from .rollout import Player
from .run_folder import CONFIG

Asked = Mapping[str, Sequence[TrainingProblem]]
"""Problems that the models are asked, by the key of the configuration that names their file."""
FIXED = ("seed", "layout", "lora", "model", "coder.model", "tester.model", "dtype")
"""Keys that a run keeps for as long as it goes on: what was learnt so far belongs to them."""


def labelled_problems(path: Path) -> Sequence[TrainingProblem]:
    """The problems of a file that each have a reference solution and tests. Raises `BadConfig`, and what
    `read_problems` raises."""
    problems = read_problems(path).problems
    lacking = [p.id for p in problems if not p.reference_tests or p.reference_solution is None]
    if lacking:
        count = f"{len(lacking):,} of {len(problems):,} problems have"
        what = f"{count} no reference solution and tests to be measured by, {lacking[0]!r} for one"
        raise BadConfig(f"{path}: {what}; add reference_solution and reference_tests, or leave these lines out")
    return problems


def check_batch(config: RunConfig, problems: Sequence[TrainingProblem], where: str) -> None:
    """Raises `BadConfig` where a step would meet the same problem twice."""
    if config.problems_per_step > len(problems):
        has = f"{where} has {len(problems):,}"
        raise BadConfig(f"problems_per_step is {config.problems_per_step}, and {has}: lower it, or add problems")


def check_templates(config: RunConfig, asked: Asked) -> None:
    """Raises `BadTemplate` for one that cannot be used, `BadConfig` where it needs what a problem does not have."""
    for role, section in (("coder", config.coder), ("tester", config.tester)):
        template = load_template(section.prompt)
        if role == "coder" and template.shows_code:
            raise BadConfig(f"coder.prompt, {template.source}, has {{code}}, and there is none to show to a coder")
        if "{entry_point}" not in template.text:
            continue
        for key, problems in asked.items():
            if lacking := next((p.id for p in problems if p.entry_point is None), None):
                raise BadConfig(
                    f"{role}.prompt, {template.source}, has {{entry_point}}, and {lacking!r} of {key} has none: add "
                    "entry_point to the problem, or use a template without it"
                )


def check_extractors(config: RunConfig) -> None:
    """Raises `UnknownPart`, and `BadConfig` for what cannot be called."""
    for name, role in (("coder", config.coder), ("tester", config.tester)):
        if role.extract and not callable(part_at(role.extract)):
            raise BadConfig(f"{name}.extract is {role.extract}, which is no function")


def check_verifier(client: Client) -> None:
    """Has it judge a program that is right. Raises `ProtocolError` for a verifier of another version, `BadConfig` where
    it does not pass, and what the client raises for one that is away, has no worker, does not let this client in, or
    refuses its limits."""
    try:
        theirs = client.health().version
    except CrossjudgeError as error:
        error.detail = f"{error.detail}; start a verifier with `crossjudge up`, or name one with verifier.url"
        raise
    try:
        ours = version("crossjudge")
    except PackageNotFoundError:
        ours = theirs
    if _series(theirs) != _series(ours):
        raise ProtocolError(
            f"the verifier at {client.url} is crossjudge {theirs}, and this is {ours}: install one version on both "
            f"sides (pip install crossjudge=={theirs} here), or name another verifier with verifier.url"
        )
    client.ready()
    verdict = client.matrix(["def one(): return 1"], ["assert one() == 1"], entry_point="one").verdicts[0]
    if verdict != Verdict.PASSED.value:
        raise BadConfig(
            f"the verifier at {client.url} says {verdict} of a program that is right: raise verifier.limits, or see "
            "what `crossjudge doctor` finds where it runs"
        )


def _series(name: str) -> list[str]:
    """What of a version says what goes together: before 1.0 the minor number too."""
    parts = name.split(".")
    return parts[:2] if parts[0] == "0" else parts[:1]


def check_writable(folder: Path, key: str = "output_dir") -> None:
    """Makes the folder. Raises `BadRunFolder` where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        why = error.strerror or error
        raise BadRunFolder(f"nothing can be written into {folder} ({why}): free it, or set another {key}") from error


def check_same_run(folder: Path, config: RunConfig, tell: Callable[[str], None]) -> None:
    """Raises `BadRunFolder` where a key of `FIXED` is not what the run in the folder began with; tells of others."""
    try:
        before = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        before = None
    if not isinstance(before, dict):
        tell(f"{folder / CONFIG} cannot be read, so nobody knows what the run began with")
        return
    was, now = _flat(before), _flat(config.model_dump(mode="json"))
    changed = [key for key in now if key in was and was[key] != now[key] and key != "output_dir"]
    for key in changed:
        if key in FIXED or key.startswith("lora."):
            moved = f" (was it merely moved? then change {CONFIG} too)" if key.endswith("model") else ""
            raise BadRunFolder(
                f"{key} is {now[key]!r}, and the run in {folder} began with {was[key]!r}, to which its checkpoints "
                f"belong: set it back{moved}, or name another output_dir"
            )
    if changed:
        tell("going on with " + ", ".join(f"{key} {was[key]!r} → {now[key]!r}" for key in changed))


def _flat(section: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Values by their dotted keys."""
    found: dict[str, Any] = {}
    for name, value in section.items():
        key = f"{before}{name}"
        found |= _flat(value, f"{key}.") if isinstance(value, dict) and value else {key: value}
    return found


def check_lengths(coder: Player, tester: Player, asked: Asked) -> None:
    """Raises `BadConfig` where a prompt, and the longest reply after it, do not fit into a model's context."""
    for role, player in (("coder", coder), ("tester", tester)):
        shown = coder.sampling.max_completion_length if player.template.shows_code else 0
        if player.context_length is not None:
            for key, problems in asked.items():
                _check_lengths(role, player, player.context_length, key, problems, shown)


def _check_lengths(
    role: str, player: Player, context: int, key: str, problems: Sequence[TrainingProblem], shown: int
) -> None:
    """`shown`: tokens of a solution that the prompt will hold."""
    name, reply = f"{role}.max_completion_length", player.sampling.max_completion_length
    if reply >= context:
        raise BadConfig(f"{name} is {reply:,}, and the model's context holds {context:,} tokens, prompts included")
    lengths = [(len(player.prompt_ids(problem, "")) + shown, problem.id) for problem in problems]
    long = [each for each in lengths if each[0] + reply > context]
    if not long:
        return
    most, worst = max(long)
    remedy = f"set {name} to {context - most:,} at most" if most < context else "take a model with a longer context"
    raise BadConfig(
        f"{key}: {len(long):,} of {len(problems):,} prompts of the {role} are too long for its model, whose context "
        f"holds {context:,} tokens: that of {worst!r} has {most:,}, and {name} is {reply:,}. Leave these problems out, "
        f"or {remedy}"
    )
