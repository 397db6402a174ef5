"""Each chat platform as the contract suite sees it: its surface, the references of a small company, and its service.

A service is told to fail in words that every platform has (`Fault`), and asked what it saw. The company is the same on
each: Ada is a member, Gus a guest, Nora has left; there is a channel, and a group with Ada in it.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import aiohttp

from bot.core.ports import ChatSurface
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.workspace import Workspace
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.credentials import Credentials
from connectors.chat.teams.surface import TeamsSurface
from tests.connectors.slack.fake_slack import FakeSlack
from tests.connectors.slack.fake_slack import started as slack_started
from tests.connectors.teams import fake_service as service
from tests.connectors.teams.fake_service import FakeTeams
from tests.connectors.teams.fake_service import started as teams_started
from tests.connectors.teams.parts import FakeBook, FakeShelf, activity_from, personal_from, registration

Json = dict[str, Any]
WAIT_SECONDS = 17


class Deed(Enum):
    """What a surface is asked to do."""

    POST = "post"
    TELL = "tell"
    SEND_FILE = "send_file"
    UPDATE = "update"
    LOOK_UP = "look_up"
    FIND_BY_EMAIL = "find_by_email"
    LIST_GROUP = "list_group"
    LIST_CHANNELS = "list_channels"


CREATING = (Deed.POST, Deed.TELL, Deed.SEND_FILE)
"""What must not be done twice."""


class Fault(Enum):
    """How a service fails: too much with and without a time to wait, unclear answers, refusals."""

    LIMITED = "limited"
    LIMITED_WITHOUT_A_WORD = "limited without a word"
    BROKEN = "500"
    BAD_GATEWAY = "502"
    CUT = "cut"
    NOT_JSON = "not json"
    REFUSED = "refused"
    MESSAGE_DELETED = "message deleted"


UNCLEAR = (Fault.BROKEN, Fault.BAD_GATEWAY, Fault.CUT, Fault.NOT_JSON)
LIMITED = (Fault.LIMITED, Fault.LIMITED_WITHOUT_A_WORD)
_PLAIN: Mapping[Fault, Json] = {
    Fault.BROKEN: {"status": 500, "text": "<html>"},
    Fault.BAD_GATEWAY: {"status": 502, "text": "<html>bad gateway</html>"},
    Fault.CUT: {"is_cut": True},
    Fault.NOT_JSON: {"text": "<html>hello</html>"},
}


def times(deed: Deed, fault: Fault) -> int:
    """Return how many calls fail: of a cut connection the client asks again by itself what changes nothing."""
    return 3 if fault is Fault.CUT and deed not in CREATING else 1


class Platform(ABC):
    """One platform with its service; `refs` are references of every kind that it has."""

    surface: ChatSurface
    unreachable: ChatSurface
    channel: str
    ada: str
    gus: str
    nora: str
    group: str
    refs: tuple[str, ...]
    email = "ada@brightwater.example"

    @abstractmethod
    def prepare(self, deed: Deed, about: str = "") -> None:
        """Let the service answer the next `deed`, `about` a reference or address, as the company is."""

    @abstractmethod
    def close_window(self) -> None:
        """Let the window be closed that is redrawn next."""

    @abstractmethod
    def fail(self, deed: Deed, fault: Fault) -> None:
        """Let the call that decides about the next `deed` fail."""

    @abstractmethod
    def asked(self, deed: Deed) -> int:
        """Return how often that call was made."""

    @abstractmethod
    def shown(self, message_ref: str) -> list[str]:
        """Return what every message that stands where `message_ref` is says in a notification."""

    @abstractmethod
    def keys(self) -> list[str]:
        """Return the marks of the messages, in order."""

    @abstractmethod
    def files(self) -> list[bytes]:
        """Return the files that were sent, or wait for their person to take them."""


class OnSlack(Platform):
    """Slack, with a company of its own."""

    channel, ada, gus, nora, group = "C0NEWS", "U0ADA", "U0GUS", "W0NORA", "S0WATER"
    refs = ("C0NEWS", "U0ADA", "W0NORA", "S0WATER", "G0OLD", "D0ANNA", "C-NEWS")
    _method: Mapping[Deed, str] = {
        Deed.POST: "chat.postMessage",
        Deed.TELL: "chat.postMessage",
        Deed.SEND_FILE: "files.completeUploadExternal",
        Deed.UPDATE: "chat.update",
        Deed.LOOK_UP: "users.info",
        Deed.FIND_BY_EMAIL: "users.lookupByEmail",
        Deed.LIST_GROUP: "usergroups.users.list",
        Deed.LIST_CHANNELS: "users.conversations",
    }

    def __init__(self, slack: FakeSlack, *, session: aiohttp.ClientSession, nowhere: str) -> None:
        """Speak with `slack`; at `nowhere` nobody answers."""
        self._slack = slack
        here = new_client("xoxb-test", session=session, api_url=f"{slack.url}/api")
        gone = new_client("xoxb-test", session=session, api_url=f"{nowhere}/api")
        self.surface = SlackSurface(here, workspace=Workspace(here))
        self.unreachable = SlackSurface(gone, workspace=Workspace(here))
        self._users = {
            self.ada: self._user(self.ada, "Ada Lovelace"),
            self.gus: self._user(self.gus, "Gus Guest", is_restricted=True),
            self.nora: self._user(self.nora, "Nora North", deleted=True),
        }

    def _user(self, ref: str, name: str, **changes: object) -> Json:
        email = f"{name.split()[0].lower()}@brightwater.example"
        return {"id": ref, "team_id": "T0HOME", "profile": {"real_name": name, "email": email}, **changes}

    def prepare(self, deed: Deed, about: str = "") -> None:
        known = [one for one in self._users.values() if about in (one["id"], one["profile"]["email"])]
        person: Json = {"ok": True, "user": known[0]} if known else {"ok": False, "error": "users_not_found"}
        told: Mapping[Deed, Json] = {
            Deed.LOOK_UP: person,
            Deed.FIND_BY_EMAIL: person,
            Deed.LIST_GROUP: {"ok": True, "users": [self.ada]},
            Deed.LIST_CHANNELS: {"ok": True, "channels": [{"id": self.channel}]},
        }
        self._slack.will(self._method[deed], body=told[deed])

    def close_window(self) -> None:
        self._slack.will("views.update", body={"ok": False, "error": "not_found"})

    def fail(self, deed: Deed, fault: Fault) -> None:
        error = "message_not_found" if fault is Fault.MESSAGE_DELETED else "no_permission"
        answer = _PLAIN.get(fault, {"body": {"ok": False, "error": error}})
        if fault in LIMITED:
            headers = {"Retry-After": str(WAIT_SECONDS)} if fault is Fault.LIMITED else {}
            answer = {"status": 429, "headers": headers, "body": {"ok": False, "error": "ratelimited"}}
        for _ in range(times(deed, fault)):
            self._slack.will(self._method[deed], **answer)

    def asked(self, deed: Deed) -> int:
        return len(self._slack.asked(self._method[deed]))

    def shown(self, message_ref: str) -> list[str]:
        changed = [one["text"] for one in self._slack.asked("chat.update") if message_ref.endswith(f":{one['ts']}")]
        return changed[-1:] or [one["text"] for one in self._slack.asked("chat.postMessage")]

    def keys(self) -> list[str]:
        return [one["metadata"]["event_payload"]["key"] for one in self._slack.asked("chat.postMessage")]

    def files(self) -> list[bytes]:
        return self._slack.uploads


class OnTeams(Platform):
    """Teams: Nora's own chat with the bot says that she is there no more."""

    channel, ada, gus, group = service.NEWS, service.ADA, service.GUS, service.TEAM
    nora = "11111111-2222-4333-8444-555555555555"
    refs = (service.NEWS, service.TEAM, service.CHAT, service.ADA, "19:033451497ea84fcc83d17ed7fb08a1b6@thread.skype")
    _name: Mapping[Deed, str] = {
        Deed.POST: "create",
        Deed.TELL: "send",
        Deed.SEND_FILE: "send",
        Deed.UPDATE: "update",
        Deed.LOOK_UP: "member",
        Deed.FIND_BY_EMAIL: "roster",
        Deed.LIST_GROUP: "roster",
        Deed.LIST_CHANNELS: "channels",
    }

    def __init__(self, teams: FakeTeams, *, session: aiohttp.ClientSession, nowhere: str) -> None:
        """Speak with `teams`; at `nowhere` nobody answers."""
        self._teams = teams
        self._shelf = FakeShelf()
        self.credentials = Credentials(registration(teams), session=session)
        self.surface = self._surface(session, teams)
        self.unreachable = self._surface(session, FakeTeams(url=nowhere))

    def _surface(self, session: aiohttp.ClientSession, where: FakeTeams) -> TeamsSurface:
        addresses = Addresses(FakeBook(), may_call=lambda url: True)
        for ref in (self.ada, self.gus, self.nora):
            addresses.notice(activity_from(where, ref))
        for ref in (self.ada, self.nora):
            addresses.notice(personal_from(where, ref))
        calls = TeamsCalls(session, credentials=self.credentials, may_call=lambda url: True)
        return TeamsSurface(calls, addresses=addresses, shelf=self._shelf, tenant=service.TENANT)

    def prepare(self, deed: Deed, about: str = "") -> None:
        """Do nothing: the fake holds the company."""

    def close_window(self) -> None:
        """Do nothing: no window of Teams can be redrawn."""

    def fail(self, deed: Deed, fault: Fault) -> None:
        code = "BotDisabledByAdmin"
        answer: Json = {"status": 403, "body": {"error": {"code": code, "message": "x"}}}
        if fault is Fault.MESSAGE_DELETED:
            answer = {"status": 404, "body": {"error": {"code": "ActivityNotFoundInConversation", "message": "x"}}}
        if fault in LIMITED:
            headers = {"Retry-After": str(WAIT_SECONDS)} if fault is Fault.LIMITED else {}
            answer = {"status": 429, "headers": headers, "body": {"error": {"code": "Throttled", "message": "x"}}}
        for _ in range(times(deed, fault)):
            self._teams.will(self._name[deed], **_PLAIN.get(fault, answer))

    def asked(self, deed: Deed) -> int:
        return len(self._teams.asked(self._name[deed]))

    def shown(self, message_ref: str) -> list[str]:
        where, _, activity_id = message_ref.rpartition("|")
        place = (service.CHAT_ADA if where == self.ada else where, activity_id)
        return [str(one["summary"]) for key, one in self._teams.messages.items() if key == place]

    def keys(self) -> list[str]:
        return [str(one["channelData"]["vouchKey"]) for one in self._teams.messages.values()]

    def files(self) -> list[bytes]:
        return list(self._shelf.files.values())


@asynccontextmanager
async def on_slack(session: aiohttp.ClientSession, nowhere: str) -> AsyncIterator[Platform]:
    """Run Slack."""
    fake = FakeSlack()
    server = await slack_started(fake)
    platform = OnSlack(fake, session=session, nowhere=nowhere)
    yield platform
    await server.close()


@asynccontextmanager
async def on_teams(session: aiohttp.ClientSession, nowhere: str) -> AsyncIterator[Platform]:
    """Run Teams."""
    rosters = {
        service.TEAM: [service.ADA_LISTED, service.GUS_LISTED],
        service.CHAT_ADA: [service.ADA_LISTED],
        f"a:1{OnTeams.nora}": [],
    }
    fake = FakeTeams(rosters=rosters, teams={service.TEAM: {service.TEAM: None, service.NEWS: "Nieuws"}})
    server = await teams_started(fake)
    platform = OnTeams(fake, session=session, nowhere=nowhere)
    await platform.credentials.token()
    yield platform
    await platform.credentials.close()
    await server.close()
