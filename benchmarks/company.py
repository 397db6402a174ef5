"""A company that has used Vouch for a year, made up alike each time: its members, posts, shares, ledger and visits.

A tenth of a member is a crew of a hundred; each member shared four times and every third said yes to being named. The
visits are those of the last 90 days, as many as `visits` says; what each table holds is made row by row, because there
are millions. It is the evening of a Sunday, so that the week is nearly whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.points import EntryKind, PointsPolicy
from bot.core.programme import AnnounceChannel, BoardTime, Company, NetworkSettings, Programme

Row = tuple[Any, ...]

NOW = datetime(2026, 12, 27, 19, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Amsterdam")
YEAR, KEPT = timedelta(days=365), timedelta(days=90)
CHANNEL = "C-ALL"
NETWORKS = ("linkedin", "x", "mastodon")
NAMES = ("Ada", "Bo", "Cleo", "Dirk", "Eva", "Femi", "Gus", "Hana", "Iris", "Jan")
SHARES_EACH, CREW_OF, POSTS = 4, 100, 200
FRESH = 0.03
"""Of all shares so many, the newest ones, may be what a visit follows at its time."""

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def visit_number(at: datetime, place: int) -> int:
    """Return the number that a visit gets which arrives at an instant: steps of 10 µs, then 16 bits."""
    return int((at - _EPOCH).total_seconds() * 100_000) << 16 | (place & 0xFFFF)


def programme() -> Programme:
    """Return the programme of the company."""
    return Programme(
        company=Company(name="Brightwater"),
        zone=ZONE,
        public_url="https://vouch.brightwater.example",
        channels=(
            AnnounceChannel(ref=CHANNEL, name="all", language="en", board=BoardTime(weekday=0, at=time(9), zone=ZONE)),
        ),
        curators_channel="C-CURATORS",
        networks={name: NetworkSettings(name=name) for name in NETWORKS},
        points=(PointsPolicy(),),
    )


@dataclass(frozen=True)
class CompanyYear:
    """The rows of a company's tables; members are numbered from 1, and so is everything else."""

    members: int
    visits: int

    @property
    def shares(self) -> int:
        """How many shares there are."""
        return self.members * SHARES_EACH

    @property
    def crews(self) -> int:
        """How many crews there are."""
        return max(self.members // CREW_OF, 2)

    @cached_property
    def shared_at(self) -> Sequence[datetime]:
        """When each share was made, oldest first."""
        step = YEAR / self.shares
        return [NOW - YEAR + step * number for number in range(self.shares)]

    def tables(self) -> Iterator[tuple[str, Sequence[str], Iterator[Row]]]:
        """Return name, columns and rows of each table, in the order in which they refer to each other."""
        for name, rows in (
            ("crew", self._crews()),
            ("member", self._members()),
            ("post", self._posts()),
            ("announcement", self._announcements()),
            ("share", self._shares()),
            ("link", self._links()),
            ("ledger_entry", self._entries()),
            ("visit", self._visits()),
        ):
            yield name, _COLUMNS[name], rows

    def _crews(self) -> Iterator[Row]:
        return ((number, f"Team {number}") for number in range(1, self.crews + 1))

    def _members(self) -> Iterator[Row]:
        joined = NOW - YEAR
        for number in range(1, self.members + 1):
            name = f"{NAMES[number % len(NAMES)]} {number}"
            crew = number % self.crews + 1 if number % 5 else None
            is_named = (None, True, False)[number % 3]
            yield (number, "slack", "T1", f"U{number}", name, "en", "UTC", "member", False, crew, is_named, joined)

    def _post_at(self, number: int) -> datetime:
        return NOW - YEAR + YEAR / POSTS * (number - 1)

    def _posts(self) -> Iterator[Row]:
        for number in range(1, POSTS + 1):
            at = self._post_at(number)
            link = f"https://brightwater.example/{number}"
            yield (number, "published", f"What the water told us, part {number}", link, link, 1, at, at, at)

    def _announcements(self) -> Iterator[Row]:
        return ((number, number, CHANNEL, self._post_at(number), 0) for number in range(1, POSTS + 1))

    def _post_of(self, place: int) -> int:
        """Return the post that a share is of: one of the four newest at its time, of each at most one a member."""
        newest = place * POSTS // self.shares
        return max(newest - place % 4, 0) + 1

    def _member_of(self, place: int) -> int:
        return place % self.members + 1

    def _shares(self) -> Iterator[Row]:
        for place, at in enumerate(self.shared_at):
            state = "opened" if place % 10 == 9 else "evidenced"
            evidenced = None if state == "opened" else at + timedelta(hours=1)
            post, network = self._post_of(place), NETWORKS[place % 3]
            yield (
                place + 1,
                self._member_of(place),
                post,
                network,
                state,
                "Words",
                False,
                at,
                at,
                evidenced,
                evidenced,
            )

    def _links(self) -> Iterator[Row]:
        for place, at in enumerate(self.shared_at):
            yield place + 1, place + 1, f"s{place + 1}", "https://brightwater.example/", at

    def _entries(self) -> Iterator[Row]:
        """Return two and a half entries a share on average, of few different amounts, so that many members tie."""
        number = 0
        for place, shared_at in enumerate(self.shared_at):
            member, share = self._member_of(place), place + 1
            earned = [(EntryKind.SHARE, 7, 0, 1)] if place % 10 != 9 else []
            earned += [(EntryKind.OWN_WORDS, 5, 0, 1)] if place % 2 else []
            earned += [(EntryKind.VISITS, 1 + (place * 7) % 5, 6, hours) for hours in (2, 26)[: 1 + place % 2]]
            for kind, points, visits, hours in earned:
                at = min(shared_at + timedelta(hours=hours), NOW)
                number += 1
                day = at.astimezone(ZONE).date()
                yield (number, member, at, day, kind.value, points, f"{kind.value}:{share}:{hours}", 1, visits, share)

    def _visits(self) -> Iterator[Row]:
        """Return the visits in the order of their numbers; each follows one of the shares that were new then."""
        random = Random(7)  # noqa: S311 - the same company each time
        step, begin = KEPT / self.visits, NOW - KEPT
        spread = max(int(self.shares * FRESH), 10)
        first, per_visit = self.shares * (1 - KEPT / YEAR), self.shares * (KEPT / YEAR) / self.visits
        for place in range(self.visits):
            at = begin + step * place
            link = max(int(first + per_visit * place) - int(spread * random.random() ** 2), 1)
            kind = "human" if place % 5 else "preview"
            who = (place - place % 3).to_bytes(16)  # every third visitor comes again
            yield (visit_number(at, place), link, at, _day(at), kind, who, who, at)


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


_COLUMNS: Mapping[str, Sequence[str]] = {
    "crew": ("id", "name"),
    "member": (
        *("id", "platform", "tenant_ref", "person_ref", "name", "locale", "zone", "role", "role_is_fixed", "crew_id"),
        *("is_named", "joined_at"),
    ),
    "post": (*("id", "state", "title", "link", "link_key", "author_id", "created_at", "updated_at", "published_at"),),
    "announcement": ("id", "post_id", "channel_ref", "posted_at", "shown"),
    "share": (
        *("id", "member_id", "post_id", "network", "state", "text", "is_own_words", "created_at", "opened_at"),
        *("evidenced_at", "credited_at"),
    ),
    "link": ("id", "share_id", "slug", "target", "created_at"),
    "ledger_entry": (
        *("id", "member_id", "at", "on_day", "kind", "points", "key", "rule_version", "visits", "share_id"),
    ),
    "visit": ("id", "link_id", "at", "on_day", "kind", "visitor", "prefix", "credited_at"),
}
