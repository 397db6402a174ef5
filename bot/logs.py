"""Structured logs: one JSON object a line (or plain lines for a terminal), without secrets or people's texts."""

import logging
import re
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRETS = re.compile(r"x(?:ox[a-z]|app)-[\w-]+|(?<=Bearer )[\w.~+/-]+|(?<=/go/)[\w-]{8,}|(?<=/p/)[\w-]{8,}")
NOISY = ("slack_bolt", "slack_sdk", "slack_bolt.AsyncApp", "aiosqlite", "apscheduler", "asyncio", "uvicorn.access")


def _mask(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Cut tokens out of whatever text got here."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SECRETS.sub("[secret]", value)
    return event


def set_up_logs(style: Literal["json", "plain"], *, level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error in one style."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if style == "plain" else structlog.processors.JSONRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
