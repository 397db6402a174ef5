"""How a command ends: its exit code, what is said of a wrong configuration, and the file that it writes."""

import sys
from collections.abc import Callable
from pathlib import Path

from bot.config import ConfigError


def answer(work: Callable[[], int]) -> int:
    """Run `work` and return its exit code; 2 for a wrong configuration, with each problem on standard error."""
    try:
        return work()
    except ConfigError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return 2


def write_file(output: Path, content: bytes) -> None:
    """Write what `--output` asks for; raises `ConfigError` where that cannot be written to."""
    try:
        output.write_bytes(content)
    except OSError as error:
        raise ConfigError([f"--output: {str(output)!r} cannot be written to ({error.strerror})"]) from error
