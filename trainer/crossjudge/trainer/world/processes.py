"""Trains base models in processes of their own, one thread each, and passes on how far they are."""

import multiprocessing
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from crossjudge.client.errors import CommandError

from .settings import Role, WorldSettings

REPORT_EVERY = 10  # steps


@dataclass(frozen=True)
class Job:
    """One model to make, in a folder that is not there yet."""

    role: Role
    settings: WorldSettings
    folder: Path
    start: Path | None = None  # the model that it starts as; None: from nothing


@dataclass(frozen=True)
class Trained:
    """How far a model is: steps done and the loss of the last one."""

    role: Role
    steps: int
    loss: float


@dataclass(frozen=True)
class Made:
    """A model is finished, saved and measured."""

    role: Role


@dataclass(frozen=True)
class Broken:
    """A model could not be made; says why."""

    role: Role
    why: str


Message = Trained | Made | Broken


def make_models(jobs: Sequence[Job], at_once: int, told: Callable[[Message], None]) -> None:
    """Makes every model, `at_once` at a time, in the order given. Raises CommandError where one cannot be made.

    No process outlives the call, however it ends.
    """
    waiting = deque(jobs)
    running: dict[Connection, tuple[Job, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.popleft()
                pipe, process = _start(job)
                running[pipe] = job, process
            for ready in wait(list(running)):
                pipe = cast(Connection, ready)  # only connections were given
                job, process = running[pipe]
                message = _received(pipe, job, process)
                told(message)
                if isinstance(message, Broken):
                    raise CommandError(f"the base model {message.role} could not be made: {message.why}")
                if isinstance(message, Made):
                    del running[pipe]
                    process.join()
    finally:
        for _, process in running.values():
            process.kill()
            process.join()


def _start(job: Job) -> tuple[Connection, BaseProcess]:
    # A fresh interpreter: a fork would share the threads that torch may already have here.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_make, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _received(pipe: Connection, job: Job, process: BaseProcess) -> Message:
    try:
        message = pipe.recv()
    except EOFError:
        process.join()
        return Broken(job.role, f"its process ended with status {process.exitcode} (-9 may mean: out of memory)")
    assert isinstance(message, Message), message
    return message


def _make(job: Job, pipe: Connection) -> None:
    try:
        import torch

        from .models import make_model

        torch.set_num_threads(1)  # at this size a second one gains little, and other models want the cores

        def told(steps: int, loss: float) -> None:
            if steps % REPORT_EVERY == 0:
                pipe.send(Trained(job.role, steps, loss))

        make_model(job.role, job.settings, job.start, job.folder, told)
    except (KeyboardInterrupt, BrokenPipeError):
        pass  # the parent has been interrupted too, or is gone: nobody waits for this model
    except OSError as error:  # a full disk, most likely
        pipe.send(Broken(job.role, str(error)))
    except Exception:  # whatever it is, the parent tells of it
        pipe.send(Broken(job.role, traceback.format_exc()))
    else:
        pipe.send(Made(job.role))
