"""How the service's log lines look: for a person where a terminal reads them, one JSON object a line elsewhere.

No API key stands in any of them, wherever its owner may have put it: a path, say, in place of a batch's id.
"""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import Processor, WrappedLogger

from .keys import without_keys


def set_up_logging(level: str) -> None:
    """Send all log lines of this process, the libraries' too, to stderr."""
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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_rendering(), foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("rq").setLevel(logging.WARNING)


def _rendering() -> list[Processor]:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if sys.stderr.isatty():
        # Plainly: its other ways to print a traceback show every local variable, and so what callers have sent.
        return [
            drop_meta,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
            _strike_keys,
        ]
    return [drop_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(), _strike_keys]


def _strike_keys(logger: WrappedLogger, method: str, line: Any) -> str:
    """The rendered line, whole: what a key stood in before does not matter."""
    return without_keys(str(line))
