"""What is evaluated: the checkpoints of a run, or models from anywhere. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from crossjudge.client.errors import CommandError
from crossjudge.trainer.training.config import RunConfig, load_config, saved_config
from crossjudge.trainer.training.run_folder import CONFIG, whole_checkpoints

BASE = "base"


@dataclass(frozen=True)
class Subject:
    """A pair of models: those that a configuration names, or the checkpoint of a step."""

    step: int
    """0 for the models that the configuration names."""
    weights: Path | None

    @property
    def name(self) -> str:
        return str(self.step) if self.weights else BASE

    def stamp(self, config: RunConfig) -> str:
        """Another one where the files of the models are others."""
        if self.weights is not None:
            return _stamp([self.weights])
        models = [model for model in (config.model, config.coder.model, config.tester.model) if model]
        return _stamp([Path(model).expanduser() for model in models])


def config_of_run(run: Path, overrides: Sequence[str]) -> RunConfig:
    """The configuration that a run was made with. Raises `BadConfig`, and `CommandError` where there is none."""
    if not (run / CONFIG).is_file():
        raise CommandError(f"{run} is no folder of a run: it holds no {CONFIG}; for models use --coder and --tester")
    return saved_config(RunConfig, run / CONFIG, overrides)


def config_of_models(coder: str, tester: str, problems: Path, overrides: Sequence[str]) -> RunConfig:
    """One for two models; loaded once where both roles have the same. Raises `BadConfig`."""
    named = [f"model={coder}", "layout=shared"]
    if coder != tester:
        named = [f"coder.model={coder}", f"tester.model={tester}", "layout=separate"]
    return load_config(RunConfig, None, ["output_dir=.", f"problems={problems}", *named, *overrides])


def subjects_of(run: Path, chosen: str) -> list[Subject]:
    """`chosen`: steps with commas between them, `base`, `last` or `all`. Raises `CommandError` for one that is not
    there."""
    there = whole_checkpoints(run)
    if chosen == "all":
        steps = [0, *there]
    elif chosen == "last":
        steps = there[-1:] or [0]
    else:
        names = [name.strip() for name in chosen.split(",") if name.strip()]
        steps = [0 if name == BASE else int(name) if name.isdigit() else -1 for name in names]
    if not steps or any(step and step not in there for step in steps):
        known = ", ".join(map(str, [BASE, *there]))
        raise CommandError(f"--checkpoint {chosen}: {run} has {known}; last and all are understood too")
    return [Subject(step, run / f"checkpoint-{step}" if step else None) for step in dict.fromkeys(steps)]


def _stamp(folders: Sequence[Path]) -> str:
    """Of names, sizes and times: to read gigabytes of weights would take longer than some evaluations."""
    names = [str(folder) for folder in folders if not folder.is_dir()]  # on the hub
    files = [(file.relative_to(folder), file.stat()) for folder in folders for file in sorted(folder.rglob("*"))]
    facts = [f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in files if S_ISREG(found.st_mode)]
    return sha256("\n".join([*names, *facts]).encode()).hexdigest()[:16]
