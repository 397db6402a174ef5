"""Structured logs: one JSON object a line (or plain lines for a terminal), without secrets or people's texts."""

import logging
import re
import sys
import traceback
from collections.abc import Collection
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.core.errors import VouchError

TOKENS = (
    r"x(?:ox[a-z]|app)[.-][\w.-]+",
    r"(?<=Bearer )[\w.~+/-]+",
    r"(?<=/go/)[\w-]{8,}",
    r"(?<=/connect/)[\w-]{20,}",
    r"(?<=[?&]code=)[^\s&\"]+",
    r"(?<=[?&]state=)[^\s&\"]+",
    r"(?<=/p/)[\w-]{8,}",
    r"(?<=hooks\.slack\.com/)[\w/-]+",
    r"(?<=ticket=)[\w-]+",
)
# Libraries that print payloads, headers, addresses or statements with what people wrote when they are let.
NOISY = (
    "slack_bolt",
    "slack_sdk",
    "slack_bolt.AsyncApp",
    "alembic",
    "aiosqlite",
    "apscheduler",
    "asyncio",
    "matplotlib",
    "oauthlib",
    "PIL",
    "requests_oauthlib",
    "sqlalchemy",
    "tweepy",
    "urllib3",
    "uvicorn.access",
)
SHOWN = (VouchError, TypeError, AttributeError, NameError, ImportError, NotImplementedError, OSError)
"""Errors whose messages speak of code or of the machine; of all others the message may hold what a person wrote."""


def set_up_logs(
    style: Literal["json", "plain"], *, level: int = logging.INFO, secrets: Collection[str] = frozenset()
) -> None:
    """Send every log line of this process to standard error in one style, with `secrets` and all tokens masked."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_exception,
        _masking(secrets),
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


def _masking(secrets: Collection[str]) -> Processor:
    """Return what cuts secrets, and whatever looks like a token, out of any text that got here."""
    known = [re.escape(one) for one in sorted(secrets, key=len, reverse=True) if len(one) >= 4]
    pattern = re.compile("|".join((*known, *TOKENS)))

    def mask(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        return {key: value if key.startswith("_") else _masked(pattern, value) for key, value in event.items()}

    return mask


def _masked(pattern: re.Pattern[str], value: object) -> object:
    return value if value is None or isinstance(value, int | float) else pattern.sub("[secret]", str(value))


def _tell_exception(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Write an exception as the lines of code it came through, without messages that may hold people's texts."""
    held = event.pop("exc_info", None)
    error = held[1] if isinstance(held, tuple) else held if isinstance(held, BaseException) else sys.exc_info()[1]
    if held and error is not None:
        event["exception"] = tell(error)
    return event


def tell(error: BaseException) -> str:
    """Return where an exception came from and what caused it; its message only where that is about code."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{tell(cause)}\nwhich led to\n" if cause is not None else ""
    inner = "".join(f"\nwith {tell(one)}" for one in getattr(error, "exceptions", ()))
    frames = "".join(traceback.format_tb(error.__traceback__))
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    message = f": {error}" if isinstance(error, SHOWN) and str(error) else ""
    return f"{before}{frames}{name}{message}{inner}"
