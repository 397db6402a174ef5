"""Connecting an account in the browser: from a one-time link to the network and back, in short transactions."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.core.accounts import LINK_LIFETIME, ends_at, has_instances
from bot.core.errors import NotConnected, OutsideError, Refused, TryLater, Uncertain
from bot.core.jobs import TellConnected
from bot.core.networks import NETWORKS
from bot.core.servers import NotAServer, server_of
from bot.core.social import Fault, Profile, Tokens
from handlers.context import Outside
from handlers.tokens import door_of, forget_account, forget_tokens, network_of, place_of, sealed_tokens
from storage.queries import accounts, connecting, readers
from storage.queries.connecting import LinkState, Underway
from storage.queries.jobs import Plan, add_job
from storage.types import keyed_hash
from storage.vault import SealBrokenError

COOKIE_SECONDS = int(LINK_LIFETIME.total_seconds())
LONGEST_NAME = 200
LONGEST_SERVER = 255
CANCELLED = frozenset({"access_denied", "user_cancelled_login", "user_cancelled_authorize"})


class Stop(StrEnum):
    """Where connecting stands, or why it ended.

    ASK: whether to go on, and to which instance; WRONG_SERVER: the one that was named is none. GO: on to the network.
    CONNECTED. LINK_USED, LINK_EXPIRED, LINK_ELSEWHERE (another browser has opened it), LINK_UNKNOWN; the same of the
    state that the network gave back: USED, EXPIRED, ELSEWHERE, UNKNOWN. GONE: the member takes part no more. CANCELLED
    by them at the network. SCOPE: without a permission that is needed. TAKEN: a colleague has connected that account.
    REFUSED by the network. AWAY: it does not answer.
    """

    ASK = "ask"
    WRONG_SERVER = "wrong_server"
    GO = "go"
    CONNECTED = "connected"
    LINK_USED = "link_used"
    LINK_EXPIRED = "link_expired"
    LINK_ELSEWHERE = "link_elsewhere"
    LINK_UNKNOWN = "link_unknown"
    USED = "used"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    GONE = "gone"
    CANCELLED = "cancelled"
    SCOPE = "scope"
    TAKEN = "taken"
    REFUSED = "refused"
    AWAY = "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a browser is shown; `language` is the member's, "" where nobody is known.

    `address` leads to the network and `browser` is kept in a cookie, both only with GO. `server` is what the form is
    filled with. `name` is the account's, `member` whose it is in the programme.
    """

    stop: Stop
    network: str = ""
    language: str = ""
    server: str = ""
    name: str = ""
    member: str = ""
    address: str = field(default="", repr=False)
    browser: str = field(default="", repr=False)

    @property
    def label(self) -> str:
        """The network as people know it; "" where it is not known."""
        return NETWORKS[self.network].label if self.network in NETWORKS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A one-time link in a browser; `browser` is what its cookie says, "" without one; `server` what was typed."""

    token: str = field(repr=False)
    browser: str = field(repr=False)
    server: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a network sent a browser back with; `place` is the end of the address, "" where that has none."""

    network: str
    place: str = ""
    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    browser: str = field(repr=False)


# To the network


async def look_at_link(out: Outside, opened: Opened) -> Outcome:
    """Return what a link is for: whose account is to be connected where. Nothing changes, whoever looks."""
    found = await _find_link(out, opened)
    if found.state is not LinkState.OPEN:
        return _told(found, _LINK_STOPS[found.state])
    async with out.sessions.reading() as session:
        last = await connecting.last_server(session, member_id=found.member_id, network=found.network)
    server = (last or _offered(out, found.network)) if has_instances(found.network) else ""
    return replace(_told(found, Stop.ASK), server=server, member=found.name)


async def begin_connecting(out: Outside, opened: Opened) -> Outcome:
    """Return the way to the network for who has read what a link is for, and goes on.

    The link is used with that step, and may be used again in the same browser until connecting is finished.
    """
    found = await _find_link(out, opened)
    if found.state is not LinkState.OPEN:
        return _told(found, _LINK_STOPS[found.state])
    server = ""
    if has_instances(found.network):
        server = _typed_server(out, found.network, opened.server)
        if not server:
            return replace(_told(found, Stop.WRONG_SERVER), server=opened.server[:LONGEST_NAME])
    try:
        return await _go(out, opened, found, server)
    except OutsideError as error:
        return replace(_told(found, _stop_of(error)), server=opened.server)


async def _find_link(out: Outside, opened: Opened) -> Underway:
    token_hash, browser_hash = keyed_hash(out.secret, opened.token), _hash_of(out, opened.browser)
    async with out.sessions.reading() as session:
        return await connecting.find_link(
            session, token_hash=token_hash, browser_hash=browser_hash, now=out.clock.now()
        )


def _typed_server(out: Outside, network: str, typed: str) -> str:
    """Return the instance that a member named, "" if it is none; what the company set is believed as it stands."""
    offered = _offered(out, network)
    if offered and typed.strip().rstrip("/") == offered:
        return offered
    try:
        server = server_of(typed)
    except NotAServer:
        return ""
    return server if len(server) <= LONGEST_SERVER else ""


def _offered(out: Outside, network: str) -> str:
    settings = out.programme.networks.get(network)
    return settings.server.rstrip("/") if settings else ""


async def _go(out: Outside, opened: Opened, found: Underway, server: str) -> Outcome:
    network = network_of(out, found.network)
    door = await door_of(out, network, server)
    state, verifier, fresh = (secrets.token_urlsafe(48) for _ in range(3))
    browser = opened.browser if len(opened.browser) == len(fresh) else fresh  # two networks at once have one cookie
    begun = connecting.Begun(
        state_hash=keyed_hash(out.secret, state),
        browser_hash=keyed_hash(out.secret, browser),
        sealed_verifier=out.vault.seal(verifier),
        server=server,
    )
    async with out.sessions.begin() as session:
        is_begun = await connecting.begin(
            session,
            begun,
            token_hash=keyed_hash(out.secret, opened.token),
            browser_hash=_hash_of(out, opened.browser),
            now=out.clock.now(),
        )
    if not is_begun:
        return _told(found, Stop.LINK_ELSEWHERE)
    address = network.authorization_url(door, state=state, verifier=verifier)
    return replace(_told(found, Stop.GO), address=address, browser=browser)


# And back


async def finish_connecting(out: Outside, back: Return) -> Outcome:
    """Connect the account of whoever comes back from a network, with the state that their own link was given.

    The state is used first, in a transaction of its own, so that whatever follows happens once. What comes back to the
    address of another instance than the member named is of that other instance: its code is sent to nobody.
    """
    async with out.sessions.begin() as session:
        found = await connecting.use_state(
            session,
            state_hash=keyed_hash(out.secret, back.state),
            browser_hash=_hash_of(out, back.browser),
            network=back.network,
            now=out.clock.now(),
        )
    if found.state is not LinkState.OPEN:
        return _told(found, _STATE_STOPS[found.state])
    if back.place != place_of(out, found.network, found.server):
        return _told(found, Stop.UNKNOWN)
    if not back.code or back.error:
        return _told(found, Stop.CANCELLED if back.error in CANCELLED else Stop.REFUSED)
    try:
        tokens, profile = await _exchange(out, found, back.code)
    except OutsideError as error:
        return _told(found, _stop_of(error))
    return await _keep(out, found, tokens, profile)


async def _exchange(out: Outside, found: Underway, code: str) -> tuple[Tokens, Profile]:
    network = network_of(out, found.network)
    door = await door_of(out, network, found.server)
    try:
        verifier = out.vault.open(found.sealed_verifier or b"")
    except SealBrokenError:
        raise Refused(Fault.REJECTED.value) from None
    tokens = await network.exchange(door, code=code, verifier=verifier)
    try:
        return tokens, await network.identify(door, tokens)
    except Exception:
        await forget_tokens(out, found, tokens)
        raise


async def _keep(out: Outside, found: Underway, tokens: Tokens, profile: Profile) -> Outcome:
    """Keep the account, and revoke what nobody uses from now on: its predecessor, or itself if nobody is there.

    Of an account that a colleague has, the new tokens are not revoked: instances may give the same ones twice.
    """
    outcome, replaced = await _keep_now(out, found, _new_account(out, found, tokens, profile))
    if outcome.stop is Stop.GONE:
        await forget_tokens(out, found, tokens)
    for one in replaced:
        await forget_account(out, one)
    return outcome


async def _keep_now(
    out: Outside, found: Underway, new: accounts.NewAccount
) -> tuple[Outcome, Sequence[accounts.AccountRow]]:
    """Keep the account and have its member told; return also the accounts whose place it took."""
    now = out.clock.now()
    async with out.sessions.begin() as session:
        owner = await accounts.hold_owner(session, member_id=found.member_id)
        asker = await readers.find_asker(session, member_id=found.identity_id)
        if owner is None or asker is None:
            return _told(found, Stop.GONE), ()
        kept = await accounts.keep_account(session, replace(new, member_id=owner), now=now)
        if kept is None:
            return _told(found, Stop.TAKEN), ()
        job = TellConnected(account_id=kept.id, share_id=found.share_id or 0)
        await add_job(session, job, now=now, plan=Plan(lane=asker.person_ref))
    return replace(_told(found, Stop.CONNECTED), name=new.name, member=found.name), kept.replaced


def _new_account(out: Outside, found: Underway, tokens: Tokens, profile: Profile) -> accounts.NewAccount:
    sealed = sealed_tokens(out.vault, tokens)
    return accounts.NewAccount(
        member_id=found.member_id,
        identity_id=found.identity_id,
        network=found.network,
        server=found.server,
        remote_hash=keyed_hash(out.secret, f"{found.server}\n{profile.remote_id}"),
        sealed_remote_id=out.vault.seal(profile.remote_id),
        sealed_access=sealed.sealed_access,
        sealed_refresh=sealed.sealed_refresh,
        name=profile.name[:LONGEST_NAME],
        url=profile.url,
        limit=profile.limit,
        scopes=sorted(tokens.scopes),
        expires_at=tokens.expires_at,
        ends_at=ends_at(tokens),
    )


# What went wrong

_LINK_STOPS = {
    LinkState.USED: Stop.LINK_USED,
    LinkState.EXPIRED: Stop.LINK_EXPIRED,
    LinkState.ELSEWHERE: Stop.LINK_ELSEWHERE,
    LinkState.GONE: Stop.GONE,
    LinkState.UNKNOWN: Stop.LINK_UNKNOWN,
}
_STATE_STOPS = {
    LinkState.USED: Stop.USED,
    LinkState.EXPIRED: Stop.EXPIRED,
    LinkState.ELSEWHERE: Stop.ELSEWHERE,
    LinkState.GONE: Stop.GONE,
    LinkState.UNKNOWN: Stop.UNKNOWN,
}


def _stop_of(error: OutsideError) -> Stop:
    match error:
        case TryLater() | Uncertain():
            return Stop.AWAY
        case NotConnected() if error.code == Fault.SCOPE.value:
            return Stop.SCOPE
        case Refused() if error.code == "no_server":
            return Stop.WRONG_SERVER
        case _:
            return Stop.REFUSED


def _hash_of(out: Outside, browser: str) -> bytes | None:
    return keyed_hash(out.secret, browser) if browser else None


def _told(found: Underway, stop: Stop) -> Outcome:
    """Return an outcome in words for the member; somebody else's browser is told nothing about them."""
    is_theirs = stop not in {Stop.UNKNOWN, Stop.LINK_UNKNOWN, Stop.ELSEWHERE, Stop.LINK_ELSEWHERE}
    return Outcome(stop=stop, network=found.network, language=found.locale if is_theirs else "")
