"""Misbehaving on request: the next calls to a network are slow, refused, garbled or cut."""

from dataclasses import dataclass, field
from typing import Any

NETWORKS = ("linkedin", "x", "mastodon")
OPERATIONS = (
    "authorize", "token", "userinfo", "publish", "image", "upload", "delete", "revoke", "metrics", "instance",
    "register"
)  # fmt: skip
CUTS = ("", "unread", "before", "after", "mid")


class BadFault(ValueError):
    """What was asked for is not a fault; the words say why."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One way to misbehave, for the next `left` calls (None: for all).

    With a `status` nothing is done but where `is_done` says so, and the answer is `body`, or what the network says with
    that status. `garbled` answers a page instead, `size` makes the answer at least so many bytes. `cut` breaks the
    connection: "unread" before the body was read, "before" anything was done, "after" all was done, "mid" in the midst
    of the answer. `delay_s` passes before the work, `linger_s` between the work and the answer.
    """

    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    garbled: bool = False
    size: int = 0
    cut: str = ""
    delay_s: float = 0.0
    linger_s: float = 0.0
    is_done: bool = False
    left: int | None = 1
    hits: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense, which would only hide in a test."""
        if self.cut not in CUTS:
            raise BadFault(f"cut: {self.cut!r} is none of {', '.join(CUTS[1:])}")
        if self.left is not None and self.left < 1:
            raise BadFault("left: must be a number from 1")
        if self.status and not 200 <= self.status <= 599:
            raise BadFault("status: must be from 200 to 599")

    @property
    def does_work(self) -> bool:
        """Return whether what was asked for is done all the same."""
        return self.is_done or not (self.status or self.garbled)


NONE = Fault(left=None)


@dataclass(slots=True)
class Faults:
    """What is in force, by network and operation; "*" stands for every one."""

    rules: dict[tuple[str, str], list[Fault]] = field(default_factory=dict)

    def add(self, network: str, operation: str, fault: Fault) -> None:
        """Misbehave there from now on; those added first come first."""
        if network not in ("*", *NETWORKS):
            raise BadFault(f"{network!r} is none of {', '.join(NETWORKS)}")
        if operation not in ("*", *OPERATIONS):
            raise BadFault(f"{operation!r} is none of {', '.join(OPERATIONS)}")
        self.rules.setdefault((network, operation), []).append(fault)

    def take(self, network: str, operation: str) -> Fault:
        """Return the fault that this call meets, and count it; one that changes nothing if there is none."""
        for key in ((network, operation), (network, "*"), ("*", operation), ("*", "*")):
            for fault in self.rules.get(key, ()):
                if fault.left != 0:
                    fault.hits += 1
                    fault.left = None if fault.left is None else fault.left - 1
                    return fault
        return NONE

    def clear(self) -> None:
        """Behave again."""
        self.rules.clear()
