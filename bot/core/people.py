"""People as a platform describes them, and what a member may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a member may do; a higher role may do all that a lower one may."""

    MEMBER = "member"
    CURATOR = "curator"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """0 for members, 1 for curators, 2 for admins."""
        return list(Role).index(self)

    def may(self, right: "Role") -> bool:
        """Say whether this role includes `right`."""
        return self.rank >= right.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the platform describes them; guests, bots and people of other companies are not `is_full_member`.

    `locale` and `zone` are "" where the platform does not tell them.
    """

    ref: str
    name: str
    locale: str
    zone: str
    email: str | None = None
    is_full_member: bool = True
    is_active: bool = True
