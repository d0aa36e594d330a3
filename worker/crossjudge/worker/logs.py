"""How the worker's log lines look: for a person where a terminal reads them, one JSON object a line elsewhere.

Lines of the libraries come out in the same form. RQ speaks of every job twice at level info; its warnings are enough.
"""

import logging
import sys
from typing import TextIO

import structlog
from redis.exceptions import RedisError
from structlog.typing import Processor

from .settings import LogLevel


def set_up_logging(level: LogLevel, stream: TextIO | None = None) -> None:
    """Send all log lines of this process to `stream` (stderr by default)."""
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_rendering(out), foreign_pre_chain=shared))
    handler.addFilter(_without_redis_traceback)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("rq").setLevel(logging.WARNING)
    for name in ("rq.worker", "rq.job", "rq.registry"):  # `rq.worker` sets a level of its own at import
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendering(out: TextIO) -> list[Processor]:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if out.isatty():
        return [drop_meta, structlog.dev.ConsoleRenderer()]
    return [drop_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _without_redis_traceback(record: logging.LogRecord) -> bool:
    """That Redis is away is one line, not a page; the line itself says it."""
    if record.exc_info and isinstance(record.exc_info[1], RedisError):
        record.exc_info = None
    return True
