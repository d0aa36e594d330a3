"""`crossjudge eval`: its options, and one evaluation after the other. Imports no torch before models are loaded."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crossjudge.client.errors import CommandError
from crossjudge.trainer.data import DataError
from crossjudge.trainer.training.checks import check_templates, check_verifier, check_writable, labelled_problems
from crossjudge.trainer.training.config import RunConfig
from crossjudge.trainer.training.judging import Judge, client_of

from .log import LOG, EvalLog
from .progress import EvalProgress
from .settings import EvalSettings
from .subjects import Subject, config_of_models, config_of_run, subjects_of
from .table import table_of


def evaluate(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN] [key=value ...]", help="A run's folder, then what differs from its config.yaml."),
    ] = None,
    checkpoint: Annotated[str, typer.Option(metavar="N,…", help="Steps; base, last, or all.")] = "last",
    coder: Annotated[str | None, typer.Option(metavar="FOLDER", help="A model, instead of a run.")] = None,
    tester: Annotated[str | None, typer.Option(metavar="FOLDER", help="Likewise.")] = None,
    problems: Annotated[
        Path | None, typer.Option(help="Problems with references.", show_default="the run's eval_problems")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Replies of each role to a problem.")] = 8,
    k: Annotated[str, typer.Option("--k", metavar="K,…", help="pass@k for these.", show_default="1,4")] = "",
    mutants: Annotated[int, typer.Option(min=0, help="Mutants of each reference solution; 0 for none.")] = 10,
    limit: Annotated[
        int | None, typer.Option(min=1, help="The first so many problems.", show_default="the run's eval_limit, or all")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, help="Of both roles; 0 is greedy.", show_default="each role's own")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where results are added.", show_default=f"RUN/{LOG}")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what is there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print results as JSON instead of a table.")] = False,
) -> None:
    """Measure models on held-out problems with references: pass@k, and what the tester's tests are worth.

    All of it is judged by the verifier. Figures stand with their standard errors over problems.
    """
    given = list(arguments or [])
    run = Path(given.pop(0)) if given and "=" not in given[0] else None
    if (run is None) == (coder is None or tester is None) or (run and (coder or tester)):
        raise CommandError("name a run's folder, or two models with --coder and --tester")
    if run is not None:
        config, subjects = config_of_run(run, given), subjects_of(run, checkpoint)
    else:
        if problems is None:
            raise CommandError("name the problems to measure by with --problems")
        config, subjects = config_of_models(str(coder), str(tester), problems, given), [Subject(0, None)]
    settings = _settings(config, problems, samples, k, mutants, limit, temperature, seed)
    log = EvalLog(out or (run and run / LOG))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        lines = list(_evaluated(config, subjects, settings, log, again, console))
    except DataError as error:
        raise CommandError(str(error)) from error
    if as_json:
        typer.echo(json.dumps(lines, indent=2))
    else:
        Console(highlight=False).print(table_of(lines))


def _settings(
    config: RunConfig, problems: Path | None, samples: int, k: str, mutants: int, limit: int | None,
    temperature: float | None, seed: int,
) -> EvalSettings:  # fmt: skip
    file = problems or config.eval_problems
    if file is None:
        raise CommandError("the run has no eval_problems: name a file with --problems")
    if problems is None and limit is None:
        limit = config.eval_limit
    samples = 1 if temperature == 0 else samples
    names = [name.strip() for name in k.split(",") if name.strip()]
    if not all(name.isdigit() and 1 <= int(name) <= samples for name in names):
        why = "at temperature 0 all samples are the same" if temperature == 0 else "draw more with --samples"
        raise CommandError(f"--k {k}: whole numbers from 1 to {samples} with commas between them ({why})")
    ks = tuple(sorted({int(name) for name in names})) or tuple(each for each in (1, 4) if each <= samples)
    return EvalSettings(file, limit, samples, ks, mutants, seed, temperature)


def _evaluated(
    config: RunConfig, subjects: Sequence[Subject], settings: EvalSettings, log: EvalLog, again: bool, console: Console
) -> Iterator[dict[str, Any]]:
    """A line for each subject: the one that is there already, or a new one."""
    problems = labelled_problems(settings.problems)[: settings.limit]
    check_templates(config, {str(settings.problems): problems})
    asked = settings.as_json(config, problems)
    if log.path is not None:
        check_writable(log.path.parent, "--out")
    with client_of(config.verifier, "eval") as client, EvalProgress(console) as progress:
        measuring = None
        for subject in subjects:
            wanted = {"checkpoint": subject.name, "models": subject.stamp(config), "settings": asked}
            if not again and (line := log.find(wanted)) is not None:
                console.print(f"{subject.name}: is in {log.path} already", markup=False)
                yield line
                continue
            if measuring is None:
                check_verifier(client)
                judge = Judge(client, config.verifier.patience_seconds, lambda text: console.print(text, markup=False))
                measuring = _measuring()(config, settings, problems, judge, progress)
            result = measuring.measure(subject)
            line = {**wanted, "file": str(settings.problems), "at": datetime.now(UTC).isoformat(), **result}
            log.add(line)
            if line["unjudged"]:
                console.print(f"{subject.name}: {line['unjudged']} problems could not be judged", markup=False)
            yield line


def _measuring() -> Any:
    try:
        from transformers.utils.logging import disable_progress_bar

        from .measuring import Measuring  # torch and transformers take seconds to import
    except ModuleNotFoundError as error:
        what = f"an evaluation needs {error.name}, which is not installed"
        raise CommandError(f"{what}: pip install 'crossjudge[trainer]'") from error
    quiet: Callable[[], None] = disable_progress_bar  # transformers does not type it
    quiet()
    return Measuring
