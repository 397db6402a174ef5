"""Days and times as fields hold them: whether a platform's own picker can show one."""

import re
from datetime import date

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_time(value: str) -> bool:
    """Say whether `value` is a time of day as "HH:MM"."""
    return _TIME.fullmatch(value) is not None


def is_day(value: str) -> bool:
    """Say whether `value` is a day that there is, as "YYYY-MM-DD"."""
    try:
        return bool(_DAY.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False
