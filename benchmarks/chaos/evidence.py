"""What is there when all is quiet again: the bot's rows on one side, the playground's own memory on the other."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.chaos.database import Database
from benchmarks.chaos.windows import Json, find_button, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of the outbox, as it ended."""

    id: int
    kind: str
    held: str
    state: str
    error: str = ""
    done_at: str = ""

    def carries(self, name: str) -> int:
        """Return the number that it carries under a name, 0 for none."""
        found = json.loads(self.held).get(name, 0)
        return found if isinstance(found, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post, as the bot has it."""

    id: int
    title: str
    link: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A post in a channel, as the bot has it; `ref` is the message that it knows, or empty."""

    id: int
    post_id: int
    channel: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share, as the bot has it."""

    id: int
    who: str
    network: str
    state: str
    text: str
    fault: str
    permalink: str
    is_opened: bool
    is_said: bool
    is_undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A suggestion, as the bot has it."""

    id: int
    link: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of the bot's, as the playground has it; `key` is that of the job which posted it, empty for answers."""

    channel: str
    ref: str
    key: str
    said: str
    can_share: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A post at a network, as the network has it."""

    network: str
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it. `visits` are those kept of a link, and how many visitors; `points` the ledger's and the totals'."""

    jobs: Sequence[Job] = ()
    posts: Mapping[int, Post] = field(default_factory=dict)
    announcements: Sequence[Announcement] = ()
    shares: Mapping[int, Share] = field(default_factory=dict)
    suggestions: Mapping[int, Suggestion] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    visits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    points: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    earned_twice: Sequence[str] = ()
    messages: Sequence[Message] = ()
    published: Sequence[Published] = ()


async def gather(database: Database, ledger: Json) -> Evidence:
    """Return everything that is there, from the bot's database and the playground's ledger."""
    return Evidence(
        jobs=[
            Job(id=row[0], kind=row[1], held=row[2], state=row[3], error=row[4], done_at=str(row[5]))
            for row in await database.rows("SELECT id, kind, held, state, error, done_at FROM job ORDER BY id")
        ],
        posts=await _posts(database),
        announcements=[
            Announcement(id=row[0], post_id=row[1], channel=row[2], ref=row[3] or "")
            for row in await database.rows("SELECT id, post_id, channel_ref, message_ref FROM announcement")
        ],
        shares=await _shares(database),
        suggestions={
            row[0]: Suggestion(id=row[0], link=row[1], state=row[2])
            for row in await database.rows("SELECT id, link, state FROM suggestion")
        },
        named=await _named(database),
        visits=await _visits(database),
        points=await _points(database),
        earned_twice=await _earned_twice(database),
        messages=[_message(one) for one in ledger["messages"]],
        published=[Published(**one) for one in ledger["posts"]],
    )


async def _posts(database: Database) -> dict[int, Post]:
    rows = await database.rows("SELECT id, title, link, state FROM post")
    return {row[0]: Post(id=row[0], title=row[1], link=row[2], state=row[3]) for row in rows}


async def _shares(database: Database) -> dict[int, Share]:
    rows = await database.rows(
        "SELECT share.id, person_ref, network, state, sent_text, permalink, opened_at, said_at, undone_at, fault "
        "FROM share JOIN member ON member.id = member_id"
    )
    return {
        row[0]: Share(
            id=row[0],
            who=row[1],
            network=row[2],
            state=row[3],
            text=row[4],
            fault=row[9],
            permalink=row[5] or "",
            is_opened=row[6] is not None,
            is_said=row[7] is not None,
            is_undone=row[8] is not None,
        )
        for row in rows
    }


async def _named(database: Database) -> dict[str, str]:
    rows = await database.rows("SELECT person_ref, is_named FROM member")
    return {row[0]: "" if row[1] is None else "yes" if row[1] else "no" for row in rows}


async def _visits(database: Database) -> dict[str, tuple[int, int]]:
    rows = await database.rows(
        "SELECT slug, count(*), count(DISTINCT visitor) FROM visit JOIN link ON link.id = link_id GROUP BY slug"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def _points(database: Database) -> dict[str, tuple[int, int]]:
    """Return of each member what their entries add up to, and what their total says."""
    rows = await database.rows(
        "SELECT person_ref, "
        "(SELECT coalesce(sum(points), 0) FROM ledger_entry WHERE ledger_entry.member_id = member.id), "
        "(SELECT coalesce(sum(points), 0) FROM total WHERE total.member_id = member.id AND period = 'all') "
        "FROM member"
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


async def _earned_twice(database: Database) -> list[str]:
    """Return the shares and suggestions that earned the same thing twice."""
    rows = await database.rows(
        "SELECT kind, share_id, suggestion_id, count(*) FROM ledger_entry WHERE kind NOT LIKE '%visit%' "
        "AND points > 0 GROUP BY kind, share_id, suggestion_id HAVING count(*) > 1"
    )
    return [f"{row[0]} of share {row[1]}, suggestion {row[2]}: {row[3]} times" for row in rows]


def _message(told: Json) -> Message:
    body = told["body"]
    metadata = body.get("metadata") or {}
    return Message(
        channel=told["channel"],
        ref=f"{told['channel']}:{told['ts']}",
        key=str((metadata.get("event_payload") or {}).get("key", "")),
        said=words_of(body),
        can_share=find_button(body, "open_share") is not None,
    )
