"""The words in which Block Kit's limits are written: small checks that combine, each naming where a value is wrong."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_ACTION_ID = 255


@dataclass(slots=True)
class Findings:
    """What is wrong with one payload (`problems`, in reading order) and what must be unique or few in all of it."""

    surface: str
    problems: list[str] = field(default_factory=list)
    action_ids: set[str] = field(default_factory=set)
    block_ids: set[str] = field(default_factory=set)
    markdown_length: int = 0
    tables: int = 0
    focused: int = 0

    def add(self, where: str, problem: str) -> None:
        """Note a problem at a JSON pointer."""
        self.problems.append(f"[ERROR] {problem} [json-pointer:{where}]")


Check = Callable[[Findings, str, object], None]


def string(most: int, *, least: int = 1) -> Check:
    """Check for a text of `least` to `most` characters."""

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, str):
            found.add(where, "must provide a string")
        elif len(value) < least:
            found.add(where, f"must be more than {least - 1} characters")
        elif len(value) > most:
            found.add(where, f"must be less than {most + 1} characters")

    return check


def matching(pattern: str, what: str) -> Check:
    """Check for a text that matches the whole pattern."""

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            found.add(where, f"must be {what}")

    return check


def url(most: int = 3000) -> Check:
    """Check for a web address (or a link to a mail, a phone, an app) of at most that length."""
    length = string(most)

    def check(found: Findings, where: str, value: object) -> None:
        length(found, where, value)
        if isinstance(value, str) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S", value):
            found.add(where, "must be a valid URL")

    return check


def boolean(found: Findings, where: str, value: object) -> None:
    """Check for true or false."""
    if not isinstance(value, bool):
        found.add(where, "must provide a boolean")


def whole(least: int, most: int) -> Check:
    """Check for a whole number in a range."""

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            found.add(where, "must provide a number")
        elif not least <= value <= most:
            found.add(where, f"must be between {least} and {most}")

    return check


def one_of(*values: str) -> Check:
    """Check for one of these words."""

    def check(found: Findings, where: str, value: object) -> None:
        if value not in values:
            found.add(where, f"must be one of: {', '.join(values)}")

    return check


def listing(item: Check, least: int, most: int) -> Check:
    """Check for an array of `least` to `most` values that each pass."""

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, list):
            found.add(where, "must provide an array")
            return
        if len(value) < least:
            found.add(where, f"no fewer than {least} items allowed")
        if len(value) > most:
            found.add(where, f"no more than {most} items allowed")
        for number, one in enumerate(value):
            item(found, f"{where}/{number}", one)

    return check


def shape(required: dict[str, Check], optional: dict[str, Check] | None = None, *, needs_one: str = "") -> Check:
    """Check for an object with these properties and no others; of those that `needs_one` names one must be there."""
    known = {**required, **(optional or {})}
    wanted = needs_one.split()

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, dict):
            found.add(where, "must provide an object")
            return
        for name in (name for name in required if value.get(name) is None):
            found.add(where, f"missing required field: {name}")
        if wanted and not any(value.get(name) for name in wanted):
            found.add(where, f"must provide one of: {', '.join(wanted)}")
        for name, told in value.items():
            _check_property(found, f"{where}/{name}", told, known.get(name))

    return check


def _check_property(found: Findings, where: str, told: object, known: Check | None) -> None:
    name = where.rpartition("/")[2]
    if known is None and name != "type":
        found.add(where, f"invalid additional property: {name}")
    elif known is not None and told is not None:
        known(found, where, told)


def text(most: int, *kinds: str, least: int = 1) -> Check:
    """Check for a text object of these kinds (plain_text, mrkdwn; both if none is named)."""
    allowed = kinds or ("plain_text", "mrkdwn")
    properties = {
        "plain_text": shape({"text": string(most, least=least)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(most, least=least)}, {"verbatim": boolean}),
    }

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, dict):
            found.add(where, "must provide an object")
        elif value.get("type") not in allowed:
            found.add(f"{where}/type", f"must be one of: {', '.join(allowed)}")
        else:
            properties[str(value["type"])](found, where, value)

    return check


def plain(most: int) -> Check:
    """Check for a plain_text object."""
    return text(most, "plain_text")


def by_type(table: dict[str, Check], what: str) -> Check:
    """Check for an object whose `type` is in the table, by that type's check."""

    def check(found: Findings, where: str, value: object) -> None:
        if not isinstance(value, dict):
            found.add(where, "must provide an object")
        elif not isinstance(value.get("type"), str) or value["type"] not in table:
            found.add(where, f"unsupported type of {what}: {value.get('type')}")
        else:
            table[value["type"]](found, where, value)

    return check


def action_id(found: Findings, where: str, value: object) -> None:
    """Check for an action_id, unique within the payload."""
    string(MOST_ACTION_ID)(found, where, value)
    if isinstance(value, str):
        if value in found.action_ids:
            found.add(where, f'`action_id` "{value}" already exists in this payload')
        found.action_ids.add(value)


def block_id(found: Findings, where: str, value: object) -> None:
    """Check for a block_id, unique within the payload."""
    string(MOST_ACTION_ID)(found, where, value)
    if isinstance(value, str):
        if value in found.block_ids:
            found.add(where, f'`block_id` "{value}" already exists in this payload')
        found.block_ids.add(value)


def focus(found: Findings, where: str, value: object) -> None:
    """Check for focus_on_load: only one element of a window may have it."""
    boolean(found, where, value)
    if value is True:
        found.focused += 1
        if found.focused > 1:
            found.add(where, "only one element can have focus_on_load")
