"""The function that RQ calls, and what becomes of one delivery of a chunk. Knows neither jails nor Lua."""

import threading

import structlog
from structlog.contextvars import bound_contextvars

from crossjudge.contracts import ChunkResult
from crossjudge.contracts.queue import MAX_ATTEMPTS

from .alone import TooManyEnds, judge_alone
from .bench import Bench, bench
from .commit import Task
from .errors import JailError, Stopped, Unreadable
from .not_judged import not_judged
from .patience import patiently

log = structlog.get_logger(__name__)

PAUSE_AFTER_JAIL_ERROR_S = 0.5
"""A worker whose sandbox just broke waits before its next chunk, so that a sound one takes this chunk first."""


def judge_chunk(batch: str, chunk: int) -> None:
    """Judge one chunk and hand in its result. Does nothing where its batch is over or its result is there."""
    tools = bench()
    with bound_contextvars(batch=batch, chunk=chunk):
        try:
            task = patiently(lambda: tools.ledger.start(batch, chunk), tools.shutdown)
        except Unreadable as error:
            log.error("unreadable chunk", error=str(error))
            reason = f"{error} (do service and workers run the same version?)"
            patiently(lambda: tools.ledger.fail(batch, chunk, reason), tools.shutdown)
        else:
            if task is None:
                log.debug("nothing to do", reason="the batch is over, or the result is there")
            else:
                with bound_contextvars(run=task.order.run):
                    _deliver(tools, task)


def _deliver(tools: Bench, task: Task) -> None:
    try:
        with tools.leases.hold(task.batch, task.index) as stop:
            log.debug("judging", attempt=task.attempt, cells=task.chunk.cells)
            result = _judge(tools, task, stop)
    except Stopped:
        _let_go(tools, task)
    except TooManyEnds as error:
        _give_up(tools, task, str(error))
    except JailError as error:
        _try_again(tools, task, str(error))
    except Exception as error:  # a bug of ours: recorded here, then retried and given up like a broken jail
        log.exception("judging failed")
        _try_again(tools, task, f"{type(error).__name__}: {error}")
    else:
        _hand_in(tools, task, result)


def _judge(tools: Bench, task: Task, stop: threading.Event) -> ChunkResult:
    if task.attempt == 1:
        return tools.pool.judge(task.order, task.columns, task.chunk, stop)
    return judge_alone(tools, task, stop, MAX_ATTEMPTS)


def _hand_in(tools: Bench, task: Task, result: ChunkResult) -> None:
    counted = patiently(lambda: tools.ledger.commit(task, result), tools.shutdown)
    log.info("handed in", attempt=task.attempt, cells=task.chunk.cells, executed=result.executed, counted=counted)


def _let_go(tools: Bench, task: Task) -> None:
    if tools.shutdown.abandoned.is_set():
        log.info("abandoned", attempt=task.attempt)
        tools.ledger.requeue(task, at_front=True, count_attempt=False)
    else:
        log.info("stopped", attempt=task.attempt, reason="nobody wants the chunk any more")
        patiently(lambda: tools.ledger.release(task), tools.shutdown)


def _try_again(tools: Bench, task: Task, why: str) -> None:
    log.warning("sandbox failed, chunk goes back to the queue", attempt=task.attempt, error=why)
    patiently(lambda: tools.ledger.requeue(task), tools.shutdown)
    tools.shutdown.draining.wait(PAUSE_AFTER_JAIL_ERROR_S)


def _give_up(tools: Bench, task: Task, why: str) -> None:
    log.error("given up", attempt=task.attempt, reason=why)
    result = not_judged(task.order, task.columns, task.chunk, worker=tools.worker, why=why)
    _hand_in(tools, task, result)
