"""The tenant's memory: its people, its team and channels, chats and messages, and who has the app."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from playground.clock import Clock
from playground.company import Company, Person
from playground.teams import ids
from playground.teams.refused import ConnectorError
from playground.teams.settings import TeamsSettings

Json = dict[str, Any]
Found = TypeVar("Found")
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
PERSONAL, CHANNEL, GROUP = "personal", "channel", "groupChat"


@dataclass(slots=True, kw_only=True)
class Message:
    """One message. `author` is a person or "" for the bot; only `to` sees it if that is set.

    `root` is the message whose thread it stands in. `views` holds the card that a person got as the answer to a press.
    """

    id: str
    conversation: str
    author: str
    body: Json
    at: datetime
    root: str = ""
    to: str = ""
    edited: int = 0
    views: dict[str, Json] = field(default_factory=dict)

    @property
    def thread(self) -> str:
        """Return the id of the conversation that an answer to this message goes to."""
        is_channel = self.conversation.endswith(("@thread.tacv2", "@thread.skype"))
        return ids.thread_id(self.conversation, self.root or self.id) if is_channel else self.conversation

    @property
    def text(self) -> str:
        """Return the message's own text."""
        return str(self.body.get("text") or "")

    @property
    def attachments(self) -> list[Json]:
        """Return what is attached."""
        held: list[Json] = self.body.get("attachments") or []
        return held

    @property
    def card(self) -> Json | None:
        """Return the first Adaptive Card as the bot sent it."""
        return next((one["content"] for one in self.attachments if one.get("contentType") == ADAPTIVE), None)

    def card_for(self, who: str) -> Json | None:
        """Return the card as this person sees it."""
        return self.views.get(who) or self.card


@dataclass(slots=True, kw_only=True)
class Conversation:
    """A personal chat, a group chat or a channel; `key` is what tests call it: a person, a name, a channel."""

    id: str
    kind: str
    key: str
    name: str
    members: list[str]
    has_bot: bool = True
    is_private: bool = False
    is_shared: bool = False
    is_deleted: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def has_thread(self, root: str) -> bool:
        """Return whether a thread begins with that message, which may have been deleted since."""
        return root in self.messages or root in self.gone


@dataclass(slots=True, kw_only=True)
class Tenancy:
    """Everything people see. `installed` are those who have the app, `blocked` those who blocked the bot.

    `outsiders` are in no team, only in channels that are shared with them; each with their tenant.
    """

    settings: TeamsSettings
    company: Company
    clock: Clock
    team_name: str
    conversations: dict[str, Conversation] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    has_team: bool = True
    outsiders: dict[str, tuple[Person, str]] = field(default_factory=dict)
    _by_ref: dict[str, Person] = field(default_factory=dict)
    _by_key: dict[str, Conversation] = field(default_factory=dict)
    _last: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def load(self) -> None:
        """Put in the company: one team with its channels, and everyone's personal chat."""
        for person in self.company.people.values():
            self._by_ref[self.account(person.id)] = self._by_ref[ids.aad_of(person.id)] = person
            chat = ids.chat_of(person.id, self.settings.app_id)
            self._put(Conversation(id=chat, kind=PERSONAL, key=person.id, name="", members=[person.id]))
        self.installed = {person.id for person in self.company.people.values() if not person.is_guest}
        for one in self.company.channels:
            self.add_channel(one.id, one.name)
            is_private = one.kind == "private" or not one.has_bot
            made = self.place(one.id)
            made.has_bot, made.is_private = one.has_bot, is_private
            made.members = list(one.members) if is_private else list(self.company.people)
        for channel, who, _days_ago, text in self.company.chatter if self.settings.has_chatter else ():
            self.add(self.place(channel), {"type": "message", "text": text}, author=who)

    def add_channel(self, key: str, name: str) -> Conversation:
        """Add a standard channel, which everyone in the team sees."""
        people = list(self.company.people)
        return self._put(Conversation(id=ids.channel_of(key), kind=CHANNEL, key=key, name=name, members=people))

    def add_shared(self, key: str, name: str, *members: str) -> Conversation:
        """Add a channel that the team shares with these people, who need not be in it; the channel lists its own."""
        made = self.add_channel(key, name)
        made.is_shared, made.members = True, list(members)
        return made

    def add_outsider(self, person: Person, tenant: str = "") -> None:
        """Add somebody who is not in the team and has not the app: of another company, or without a tenant of this."""
        self.outsiders[person.id] = person, tenant or self.settings.tenant
        self._by_ref[self.account(person.id)] = self._by_ref[ids.aad_of(person.id)] = person

    def add_group(self, name: str, *members: str) -> Conversation:
        """Add a group chat of these people with the bot in it."""
        made = Conversation(id=ids.group_chat_of(name), kind=GROUP, key=name, name=name, members=list(members))
        return self._put(made)

    def _put(self, conversation: Conversation) -> Conversation:
        self.conversations[conversation.id] = self._by_key[conversation.key] = conversation
        return conversation

    # Finding

    @property
    def team(self) -> str:
        """Return the team's id: that of its General channel, which is the company's first."""
        return ids.channel_of(self.company.channels[0].id)

    def account(self, who: str) -> str:
        """Return a person's account as the bot knows it."""
        return ids.account_of(who, self.settings.app_id)

    def person(self, who: str) -> Person:
        """Return a person by their id, of the company or of another one; `KeyError` for nobody."""
        return self.outsiders[who][0] if who in self.outsiders else self.company.people[who]

    def tenant_of(self, who: str) -> str:
        """Return the tenant that a person is of."""
        return self.outsiders[who][1] if who in self.outsiders else self.settings.tenant

    def person_of(self, ref: str) -> Person | None:
        """Return the person of an account or a directory's object id."""
        return self._by_ref.get(ref) or self._by_ref.get(ref.lower())

    def place(self, where: str) -> Conversation:
        """Return a conversation by its key or id, with or without a thread; `KeyError` for none."""
        base = ids.base_of(where)
        if base in self.conversations:
            return self.conversations[base]
        return self._by_key[where]

    def for_bot(self, conversation: str) -> Conversation:
        """Return a conversation that the bot may write to; refuses as the connector does."""
        found = self.conversations.get(ids.base_of(conversation))
        root = ids.root_of(conversation)
        if found is None or found.is_deleted or (root and not found.has_thread(root)):
            raise ConnectorError("ConversationNotFound")
        if found.kind == PERSONAL and (found.key in self.blocked or not self.has_app(found)):
            raise ConnectorError("MessageWritesBlocked")
        if not self.has_app(found):
            raise ConnectorError("BotNotInConversationRoster")
        return found

    def has_app(self, place: Conversation) -> bool:
        """Return whether the bot is in that conversation, so that it hears what is said to it there."""
        if place.kind == PERSONAL:
            return place.key in self.installed
        return place.has_bot and (place.kind != CHANNEL or self.has_team)

    def seen(self, who: str, where: str) -> list[Message]:
        """Return what a person sees in a conversation, oldest first; `PermissionError` if they are not in it."""
        place = self.place(where or who)
        if who not in place.members:
            raise PermissionError(f"{who} is not in {where}")
        return [one for one in place.messages.values() if one.to in ("", who)]

    def all_messages(self) -> Iterator[Message]:
        """Yield every message there is."""
        for place in self.conversations.values():
            yield from place.messages.values()

    # Changing

    def add(self, place: Conversation, body: Json, *, author: str = "", root: str = "", to: str = "") -> Message:
        """Add a message and say so."""
        self._last = max(self._last + 1, int(self.clock.now().timestamp() * 1000))
        made = Message(
            id=str(self._last),
            conversation=place.id,
            author=author,
            body=body,
            at=self.clock.now(),
            root=root,
            to=to,
        )
        place.messages[made.id] = made
        self.changed()
        return made

    def replace(self, message: Message, body: Json) -> None:
        """Give a message another body; everyone sees that one now."""
        message.body, message.edited = body, message.edited + 1
        message.views.clear()
        self.changed()

    def remove(self, message: Message) -> None:
        """Take a message away."""
        place = self.conversations[message.conversation]
        place.gone.add(place.messages.pop(message.id).id)
        self.changed()

    def changed(self) -> None:
        """Wake everyone who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, find: Callable[[], Found | None], seconds: float = 10.0) -> Found:
        """Return what `find` finds as soon as it finds something; `TimeoutError` after that time."""
        end = time.monotonic() + seconds
        while (found := find()) is None:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("it did not come")
            await asyncio.wait_for(self._changed.wait(), left)
        return found
