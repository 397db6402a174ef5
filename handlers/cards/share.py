"""The share window: by the member's connected account, or by the network's own composer."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.core.actions import Action, ChangeShare, LeaveForNetwork, ShareNow
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Divider,
    Element,
    Field,
    Form,
    Headline,
    LinkButton,
    Option,
    SelectField,
    Spans,
    Text,
    TextField,
)
from bot.core.disclosure import Allowed
from bot.core.networks import NETWORKS
from bot.core.social import Mode
from handlers.cards.disclosing import disclosure_field
from handlers.cards.later import later_button, planned
from handlers.cards.sharing import connect_button, paste_button, said_button, share_button, window_ref
from handlers.cards.welcome import welcome
from handlers.context import Context


class Connection(StrEnum):
    """How a member stands with a network: NONE (it is not used by accounts), OFFERED, CONNECTED, or BROKEN."""

    NONE = "none"
    OFFERED = "offered"
    CONNECTED = "connected"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWindow:
    """What the share window shows of an unfinished share.

    `address` is where its button leads, `None` where the member has to go on once more first. `room` is how many
    characters of their own fit, `over` by how many the text is too long. `link` stands at the end of the text.
    `account` is the name that a connected account has on the network, `account_id` our number of it. `trouble` is what
    became of an earlier try. `seen` marks the text of which was said that it is much like a colleague's.
    """

    share_id: int
    title: str
    picture: str
    network: str
    networks: tuple[str, ...]
    text: str
    edition: int
    inspiration: tuple[str, ...]
    disclosure: str
    link: str
    address: str | None
    room: int | None
    over: int = 0
    is_alike: bool = False
    is_checked: bool = False
    is_welcome: bool = False
    opened_at: datetime | None = None
    later_at: datetime | None = None
    allowed: Allowed | None = None
    connection: Connection = Connection.NONE
    account_id: int = 0
    account: str = ""
    trouble: Spans = ()
    seen: str = ""

    @property
    def is_connected(self) -> bool:
        """Whether *Share now* posts it."""
        return self.connection is Connection.CONNECTED


def share_form(ctx: Context, window: ShareWindow) -> Form:
    """Return the share window; whatever its check button, its list of networks or its link do keeps what was typed."""
    body: list[Element | Field] = [Headline(window.title, picture=window.picture)]
    if window.trouble:
        body.append(Text(window.trouble))
    body += [*_mended(ctx, window), *_fields(ctx, window), *_answers(ctx, window)]
    body += _ways_on(ctx, window, _ways(ctx, window))
    if window.is_welcome:
        body += welcome(ctx, window.share_id)
    submit, label = _submit(ctx, window)
    return Form(
        ref=window_ref(ctx, window.share_id),
        title=ctx.text("share.window"),
        body=tuple(body),
        submit=submit,
        submit_label=label,
        close_label=ctx.text("share.close"),
        change=ChangeShare(share_id=window.share_id),
    )


def _submit(ctx: Context, window: ShareWindow) -> tuple[Action, str]:
    """Return what the window's own button asks for, and its label."""
    if window.is_connected:
        return ShareNow(share_id=window.share_id, seen=window.seen), ctx.text("share.now")
    if ctx.interaction.is_live:
        return ChangeShare(share_id=window.share_id), ctx.text("share.check")
    return LeaveForNetwork(share_id=window.share_id), ctx.text("share.continue")


def _ways(ctx: Context, window: ShareWindow) -> tuple[Button | LinkButton, ...]:
    """Return the buttons beside the window's own; where a followed link is not told that one leads to the composer."""
    change = ChangeShare(share_id=window.share_id)
    opens = _open_button(ctx, window) if ctx.interaction.is_live else None
    if window.is_connected:
        leave = Button(label=_instead(ctx, window), action=LeaveForNetwork(share_id=window.share_id))
        return opens or leave, Button(label=ctx.text("share.check"), action=change)
    if not ctx.interaction.is_live:
        return ()
    return (opens or Button(label=ctx.text("share.continue"), action=change, style="primary"),)


def ready_form(ctx: Context, window: ShareWindow) -> Form:
    """Return the window of a text that is kept as it will go out, with the way to the network."""
    known = NETWORKS[window.network]
    change = ChangeShare(share_id=window.share_id, network=window.network, text=window.text)
    body: list[Element | Field] = [Headline(window.title, picture=window.picture)]
    if window.text:
        body.append(Text((window.text,), style="quote"))
    kept = replace(window, inspiration=())
    opens = _open_button(ctx, kept)
    body += [*_answers(ctx, kept), *_ways_on(ctx, kept, (opens,) if opens else ())]
    return Form(
        ref=window_ref(ctx, window.share_id),
        title=ctx.text("share.window_on", network=known.label),
        body=tuple(body),
        close_label=ctx.text("share.change_text"),
        back=change,
    )


def _fields(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    known = NETWORKS[window.network]
    key = "share.text" if known.takes_text else "share.text_to_copy"
    return [
        SelectField(
            name="network",
            label=ctx.text("share.network"),
            options=tuple(Option(value=one, label=NETWORKS[one].label) for one in window.networks),
            value=window.network,
            saves=True,
        ),
        TextField(
            name="text",
            label=ctx.text(key, network=known.label),
            value=window.text,
            hint="" if window.room is None else ctx.text("share.room", count=max(window.room, 0), network=known.label),
            placeholder=ctx.text("share.placeholder"),
            is_long=True,
            is_optional=True,
            edition=window.edition,
        ),
        *_line(ctx, window),
    ]


def _line(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    """Return the list of wordings of the line before the text, where there is something to choose."""
    chosen = disclosure_field(ctx, window.allowed, current=window.disclosure) if window.allowed else None
    return [chosen] if chosen else []


def _answers(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    """Return what there is to say of the text as it now is, before the button that takes it along."""
    known = NETWORKS[window.network]
    lines: list[Element | Field] = []
    if window.opened_at is not None:
        at = ctx.words.moment(window.opened_at)
        lines.append(Text(ctx.rich("share.opened_before", network=known.label, at=at), style="quiet"))
    if window.over:
        lines.append(Text(ctx.rich("share.too_long", network=known.label, count=window.over)))
    elif window.is_checked and not window.text:
        lines.append(Text(ctx.rich("share.empty")))
    elif window.is_checked:
        key = "share.fits_now" if window.is_connected else "share.fits"
        lines.append(Text(ctx.rich(key, network=known.label)))
    return [*lines, *_pointed_out(ctx, window)]


def _pointed_out(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    """Return what to know of the text and its network, whatever its length."""
    known = NETWORKS[window.network]
    lines: list[Element | Field] = []
    if window.is_alike:
        lines.append(Text(ctx.rich("share.alike")))
    if window.allowed is not None and window.allowed.is_raised:
        lines.append(Text(ctx.rich("disclosure.raised")))
    if not known.takes_text:
        lines.append(Text(ctx.rich("share.takes_no_text", network=known.label)))
    elif _is_copied(ctx, window.network):
        lines.append(Text(ctx.rich("share.to_copy", network=known.label)))
    return lines


def _is_copied(ctx: Context, network: str) -> bool:
    """Say whether the company wants that members copy their text themselves."""
    settings = ctx.programme.networks.get(network)
    return settings is not None and settings.mode is Mode.COPY


def _ways_on(ctx: Context, window: ShareWindow, ways: tuple[Button | LinkButton, ...]) -> list[Element | Field]:
    """Return the buttons to the network, what goes along with the words, and what to say afterwards."""
    known = NETWORKS[window.network]
    later = later_button(ctx.words, window.share_id)
    lines: list[Element | Field] = [Buttons((later, *ways) if window.is_connected else (*ways, later))]
    if window.later_at is not None:
        lines += planned(ctx, share_id=window.share_id, at=window.later_at)
    lines.append(Text(_along(ctx, window), style="quiet"))
    if not known.earns_points:
        lines.append(Text(ctx.rich("share.earns_nothing", network=known.label), style="quiet"))
    if window.is_connected:
        name = Bold(window.account or known.label)
        lines.append(Text(ctx.rich("share.as_whom", name=name, network=known.label), style="quiet"))
    if window.inspiration:
        lines.append(Text(ctx.rich("share.inspiration"), style="quiet"))
        lines += [Text((one,), style="quote") for one in window.inspiration]
    lines += _offered(ctx, window)
    is_first_look = (window.is_welcome or window.is_connected) and window.opened_at is None
    return lines if is_first_look else [*lines, Divider(), *_afterwards(ctx, window)]


def _mended(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    """Return how a broken connection is mended, and that it is broken unless the trouble above says so."""
    if window.connection is not Connection.BROKEN:
        return []
    said = ctx.rich("share.account_broken", network=NETWORKS[window.network].label)
    button = connect_button(ctx, network=window.network, share_id=window.share_id, is_again=True)
    return [*(() if window.trouble else (Text(said),)), Buttons((button,))]


def _offered(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    """Return the quiet offer to connect an account, after all that helps without one."""
    if window.connection is not Connection.OFFERED:
        return []
    said = ctx.rich("share.connect_offer", network=NETWORKS[window.network].label)
    button = connect_button(ctx, network=window.network, share_id=window.share_id, is_again=False)
    return [Text(said, style="quiet"), Buttons((button,))]


def _open_button(ctx: Context, window: ShareWindow) -> LinkButton | None:
    if window.address is None:
        return None
    return LinkButton(
        label=_instead(ctx, window)
        if window.is_connected
        else ctx.text("share.open", network=NETWORKS[window.network].label),
        url=window.address,
        action=LeaveForNetwork(share_id=window.share_id),
        style="plain" if window.is_connected else "primary",
        about=window.title,
    )


def _instead(ctx: Context, window: ShareWindow) -> str:
    return ctx.text("share.open_instead", network=NETWORKS[window.network].label)


def _along(ctx: Context, window: ShareWindow) -> Spans:
    """Return what stands before and after the member's words once they are out."""
    link = ctx.rich("share.link" if ctx.programme.public_url else "share.link_plain", link=window.link)
    if not window.disclosure:
        return link
    return (*ctx.rich("share.disclosure", line=Bold(window.disclosure)), "\n", *link)


def _afterwards(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    buttons = Buttons((said_button(ctx.words, window.share_id), paste_button(ctx.words, window.share_id)))
    return [Text(ctx.rich("share.afterwards"), style="quiet"), buttons]


def again_card(ctx: Context, *, post_id: int, title: str) -> Card:
    """Return what to say when the window did not open, with a fresh button."""
    button = share_button(ctx.words, post_id=post_id, title=title)
    return Card(title=ctx.text("share.not_opened"), body=(Text((title,)), Buttons((button,))))
