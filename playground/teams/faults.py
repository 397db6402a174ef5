"""Misbehaving on request: the next calls of a method are slow, refused, broken or cut."""

from dataclasses import dataclass, field

METHODS = (
    "create", "send", "update", "delete", "member", "members", "team", "channels", "token", "openid", "keys", "upload"
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Fault:
    """One way to misbehave, for the next `left` calls (None: for all).

    `status` 0 answers as usual. `is_done` does the work although it answers with an error. `cut` breaks the connection
    once the request was read: "before" nothing was done, "after" all was done and the answer does not arrive.
    """

    status: int = 0
    code: str = ""
    retry_after: int | None = None
    delay_s: float = 0.0
    cut: str = ""
    is_done: bool = False
    left: int | None = 1

    def __post_init__(self) -> None:
        """Refuse what makes no sense, which would only hide in a test."""
        if self.cut not in ("", "before", "after"):
            raise ValueError(f"cut: {self.cut!r} is neither before nor after")


NONE = Fault(left=None)


@dataclass(slots=True)
class Faults:
    """What is in force, by method ("*" stands for every one), and how often each was met."""

    rules: dict[str, list[Fault]] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)

    def add(self, method: str, fault: Fault) -> None:
        """Misbehave in this method from now on; those added first come first."""
        if method != "*" and method not in METHODS:
            raise ValueError(f"{method!r} is none of {', '.join(METHODS)}")
        self.rules.setdefault(method, []).append(fault)

    def clear(self) -> None:
        """Behave again."""
        self.rules.clear()

    def take(self, method: str) -> Fault:
        """Return the fault that a call of this method meets now, and count it."""
        for fault in self.rules.get(method, []) + self.rules.get("*", []):
            if fault.left == 0:
                continue
            if fault.left is not None:
                fault.left -= 1
            self.hits[method] = self.hits.get(method, 0) + 1
            return fault
        return NONE
