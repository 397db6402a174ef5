"""A member's accounts at networks: what is connected, what can be, the way to connect one, and news of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.actions import ChangeShare, Connect, Disconnect, LeaveToConnect, OpenAccounts, OpenShare
from bot.core.cards import Bold, Button, Buttons, Card, Confirm, Divider, Element, Field, Form, LinkButton, Spans, Text
from bot.core.networks import NETWORKS
from bot.i18n.translator import Words
from handlers.context import Context

FAULTS = ("expired", "revoked", "scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One network of the list; without `name` and `since` there is no account. `fault` if it is broken, else ""."""

    network: str
    can_connect: bool
    name: str = ""
    since: datetime | None = None
    until: datetime | None = None
    fault: str = ""


def _label(network: str) -> str:
    return NETWORKS[network].label


def _account(words: Words, network: str, name: str) -> str:
    """Return how an account is named: the name shown there, of one without any the network's."""
    return name or words.text("accounts.yours", network=_label(network))


# The list


def accounts_form(ctx: Context, views: Sequence[AccountView], note: str = "") -> Form:
    """Return the window of all networks whose accounts are or can be connected; `note` says what was just done."""
    body: list[Element | Field] = [Text((Bold(note),))] if note else []
    body.append(Text(ctx.rich("accounts.intro"), style="quiet"))
    for one in views:
        body += [Divider(), Text(_said(ctx.words, one)), Buttons(_ways(ctx, one))]
    return Form(
        ref=f"accounts-{ctx.member_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("accounts.window"),
        body=tuple(body),
        close_label=ctx.text("share.close"),
    )


def _said(words: Words, one: AccountView) -> Spans:
    network = Bold(_label(one.network))
    if one.since is None:
        return words.rich("accounts.none_yet", network=network)
    who = _account(words, one.network, one.name)
    if one.fault:
        return words.rich(f"accounts.broken_{_fault(one.fault)}", network=network, name=who)
    since = words.day(one.since.astimezone(words.zone).date())
    if one.until is None:
        return words.rich("accounts.connected", network=network, name=who, since=since)
    until = words.day(one.until.astimezone(words.zone).date())
    return words.rich("accounts.connected_until", network=network, name=who, since=since, until=until)


def _fault(fault: str) -> str:
    return fault if fault in FAULTS else FAULTS[0]


def _ways(ctx: Context, one: AccountView) -> tuple[Button, ...]:
    label = _label(one.network)
    if one.since is None:
        connect = Button(label=ctx.text("accounts.connect", network=label), action=Connect(network=one.network))
        return (connect,)
    again = Button(
        label=ctx.text("accounts.again"),
        action=Connect(network=one.network),
        style="primary" if one.fault else "plain",
        about=label,
    )
    return (*((again,) if one.can_connect else ()), disconnect_button(ctx.words, one.network))


def disconnect_button(words: Words, network: str) -> Button:
    """Return the button that ends a connection, after a question."""
    label = _label(network)
    confirm = Confirm(
        title=words.text("accounts.end_title", network=label),
        text=words.text("accounts.end_text", network=label),
        yes=words.text("accounts.end_yes"),
        no=words.text("accounts.end_no"),
    )
    return Button(label=words.text("accounts.end"), action=Disconnect(network=network), confirm=confirm, about=label)


def ended_card(words: Words, network: str) -> Card:
    """Return that a connection was ended, and what stays."""
    return Card(body=(Text(words.rich("accounts.ended", network=_label(network))),))


# Connecting


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectView:
    """A one-time link to connect an account; `share_id` is where the member was, 0 for nowhere."""

    network: str
    share_id: int
    url: str


def connect_form(ctx: Context, view: ConnectView) -> Form:
    """Return the window with the one-time link, what will be asked there, and what never happens."""
    label = _label(view.network)
    followed = LeaveToConnect(network=view.network, share_id=view.share_id)
    button = LinkButton(
        label=ctx.text("accounts.go", network=label), url=view.url, action=followed, style="primary", about=label
    )
    return Form(
        ref=f"connect-{ctx.member_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("accounts.connect_window"),
        body=(
            Text(ctx.rich(f"accounts.asks_{view.network}")),
            Text(ctx.rich("accounts.promise")),
            Buttons((button,)),
            Text(ctx.rich("accounts.link_ends"), style="quiet"),
        ),
        close_label=ctx.text("accounts.back") if view.share_id else ctx.text("share.close"),
        back=ChangeShare(share_id=view.share_id) if view.share_id else OpenAccounts(),
    )


def on_their_way_form(ctx: Context, network: str, *, share_id: int) -> Form:
    """Return what the window says once the link was followed; `share_id` is where the member was, 0 for nowhere."""
    buttons = Buttons((Button(label=ctx.text("accounts.button"), action=OpenAccounts()),))
    return Form(
        ref=f"connect-{ctx.member_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("accounts.connect_window"),
        body=(Text(ctx.rich("accounts.on_their_way", network=_label(network))), buttons),
        close_label=ctx.text("accounts.back" if share_id else "share.close"),
        back=ChangeShare(share_id=share_id) if share_id else None,
    )


# News


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is told of an account privately; `post_id` and `title` are those of the share where the member was."""

    network: str
    name: str
    until: datetime | None = None
    fault: str = ""
    post_id: int = 0
    title: str = ""


def connected_card(words: Words, news: News) -> Card:
    """Return what was connected, as whom, how to end it, and the way back to the share."""
    label, who = _label(news.network), Bold(_account(words, news.network, news.name))
    body: list[Element] = [Text(words.rich("accounts.done", network=label, name=who))]
    if news.until is not None:
        until = words.day(news.until.astimezone(words.zone).date())
        body.append(Text(words.rich("accounts.lasts", network=label, until=until), style="quiet"))
    back = Button(
        label=words.text("accounts.back_to_share"),
        action=OpenShare(post_id=news.post_id),
        style="primary",
        about=news.title,
    )
    body.append(Buttons((*((back,) if news.post_id else ()), disconnect_button(words, news.network))))
    body.append(Text(words.rich("accounts.not_you"), style="quiet"))
    return Card(title=words.text("accounts.done_title", network=label), body=tuple(body))


def reminder_card(words: Words, news: News) -> Card:
    """Return that a connection ends soon, or has ended and why, and the way to renew it."""
    label, who = _label(news.network), _account(words, news.network, news.name)
    if news.fault:
        said = words.rich(f"accounts.broken_{_fault(news.fault)}", network=Bold(label), name=who)
    else:
        until = news.until.astimezone(words.zone).date() if news.until else None
        day = words.day(until) if until else ""
        said = words.rich("accounts.ends_soon", network=Bold(label), name=who, until=day)
    again = Button(
        label=words.text("accounts.again"), action=Connect(network=news.network), style="primary", about=label
    )
    buttons = Buttons((again, disconnect_button(words, news.network)))
    return Card(body=(Text(said), buttons, Text(words.rich("accounts.without"), style="quiet")))
