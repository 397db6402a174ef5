"""Teams, put together; importing this loads the platform's SDK, so it is done only where Teams is used."""

from collections.abc import Callable, Sequence

import aiohttp

from bot.addresses import StoredAddresses, StoredFiles
from bot.chat.parts import Listening
from bot.core.actions import OpenHome, ShowHelp
from bot.core.cards import Button, Buttons, Card, Text
from bot.core.ports import ChatSurface, Clock, Dispatch
from bot.core.programme import Programme
from bot.environment import Environment, TeamsEnvironment, secret_of
from bot.i18n.translator import Words, language_of, words_for
from connectors.chat.teams.adapter import Turns
from connectors.chat.teams.addresses import Addresses
from connectors.chat.teams.calls import TeamsCalls
from connectors.chat.teams.credentials import Credentials, Registration
from connectors.chat.teams.decode import PLATFORM
from connectors.chat.teams.display import Display, Notices
from connectors.chat.teams.files import Files
from connectors.chat.teams.guard import SERVICE_HOSTS, Admission
from connectors.chat.teams.inbound import TeamsInbound
from connectors.chat.teams.private import PersonalChats, PrivateAnswers
from connectors.chat.teams.surface import TeamsSurface
from connectors.chat.teams.tokens import KeyCache, TokenCheck, issuer_at
from connectors.chat.teams.webhook import TeamsWebhook
from storage.engine import Sessions


class TeamsChat:
    """Teams over HTTP: one registration of a bot in one tenant."""

    def __init__(
        self, environment: Environment, *, sessions: Sessions, clock: Clock, http: aiohttp.ClientSession
    ) -> None:
        """Speak on `http` and remember addresses in the database; nothing is called yet."""
        self._teams = environment.teams
        self._http = http
        self._admission = admission_of(environment.teams)
        self._credentials = credentials_of(environment.teams, http)
        self._calls = TeamsCalls(
            http, credentials=self._credentials, may_call=self._admission.trusts, may_put=self._admission.is_store
        )
        secret = secret_of(environment.data, given=environment.secret_key)
        self._shelf = StoredFiles(sessions, secret=secret, clock=clock)
        book = StoredAddresses(sessions, platform=PLATFORM, clock=clock)
        self._addresses = Addresses(book, may_call=self._admission.trusts)
        tenant = environment.teams.tenant_id
        self._chats = PersonalChats(self._calls, addresses=self._addresses, tenant=tenant)
        self._surface = TeamsSurface(self._calls, addresses=self._addresses, shelf=self._shelf, tenant=tenant)
        self.surface: ChatSurface = self._surface

    def listen(self, dispatch: Dispatch, *, programme: Programme, clock: Clock) -> Listening:
        """Return what hands everything that people do in Teams to `dispatch`."""
        private = PrivateAnswers(
            self._calls, chats=self._chats, addresses=self._addresses, is_targeted=self._teams.is_targeted
        )
        for channel in programme.channels:
            self._addresses.names.setdefault(channel.ref, channel.name)
        display = Display(private, notices=notices_of(programme), names=self._addresses.names)
        files = Files(
            self._calls,
            shelf=self._shelf,
            chats=self._chats,
            addresses=self._addresses,
            sorry=lambda locale: _line(programme, locale, "notice.file_failed"),
        )
        inbound = TeamsInbound(
            dispatch,
            clock=clock,
            display=display,
            addresses=self._addresses,
            files=files,
        )
        webhook = TeamsWebhook(
            inbound, turns=Turns(), admission=self._admission, check=_check_of(self._teams, self._http)
        )
        return Listening(parts=[inbound], closing=[_Outward(self._surface, self._credentials)], routes=webhook.routes())


class _Outward:
    """What goes on by itself towards Teams, until the worker has done its last job: searches, and the bot's token."""

    def __init__(self, surface: TeamsSurface, credentials: Credentials | None) -> None:
        self._surface = surface
        self._credentials = credentials

    async def start(self) -> None:
        """Nothing is asked before it is needed."""

    async def stop(self) -> None:
        """Ask no more."""
        await self._surface.close()
        if self._credentials is not None:
            await self._credentials.close()


def admission_of(teams: TeamsEnvironment) -> Admission:
    """Return whose activities are let in."""
    tenants = frozenset({teams.tenant_id} if teams.tenant_id else ())
    return Admission(
        tenants=tenants, hosts=SERVICE_HOSTS | frozenset(teams.service_hosts), is_anonymous=teams.is_anonymous
    )


def credentials_of(teams: TeamsEnvironment, http: aiohttp.ClientSession) -> Credentials | None:
    """Return how the bot shows who it is; nothing in the anonymous development mode."""
    if teams.is_anonymous:
        return None
    return Credentials(
        Registration(
            app_id=teams.app_id,
            secret=teams.app_password,
            tenant=teams.tenant_id,
            login_url=teams.login_url,
            scope=f"{issuer_at(teams.openid_url).name}/.default",
        ),
        session=http,
    )


def _check_of(teams: TeamsEnvironment, http: aiohttp.ClientSession) -> TokenCheck | None:
    if teams.is_anonymous:
        return None
    return TokenCheck(KeyCache(http, issuer=issuer_at(teams.openid_url)), app_id=teams.app_id)


def notices_of(programme: Programme) -> Callable[[str], Notices]:
    """Return what says, in the language of a locale, what no handler can say."""

    def notices(locale: str) -> Notices:
        words = _words(programme, locale)
        ways = (
            Button(label=words.text("notice.see_posts"), action=OpenHome(), style="primary"),
            Button(label=words.text("home.help"), action=ShowHelp()),
        )
        hello = Text(words.rich("notice.hello", company=programme.company.name))
        return Notices(
            window_failed=_line(programme, locale, "error.window_failed"),
            unreadable=_line(programme, locale, "error.unreadable"),
            unreachable=_line(programme, locale, "notice.unreachable"),
            late=_line(programme, locale, "notice.late"),
            in_chat=words.text("notice.in_chat"),
            welcome=Card(
                title=words.text("notice.hello_title"),
                body=(hello, Text(words.rich("notice.hello_quiet"), style="quiet"), Buttons(ways)),
            ),
        )

    return notices


def _words(programme: Programme, locale: str) -> Words:
    return words_for(_spoken(locale, programme.languages), str(programme.zone))


def _line(programme: Programme, locale: str, key: str) -> Card:
    return Card(body=(Text(_words(programme, locale).rich(key)),))


def _spoken(locale: str, languages: Sequence[str]) -> str:
    return locale if language_of(locale) in languages and locale else languages[0]
