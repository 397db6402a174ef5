"""The share window, what a member sees of a share of theirs, and the questions about it."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.actions import (
    ChangeShare,
    LeaveForNetwork,
    OpenPermalink,
    OpenShare,
    SayShared,
    SubmitPermalink,
    UndoShare,
)
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Confirm,
    Divider,
    Element,
    Field,
    Fields,
    Form,
    Headline,
    Link,
    LinkButton,
    Menu,
    Option,
    SelectField,
    Spans,
    Text,
    TextField,
)
from bot.core.networks import NETWORKS
from bot.i18n.translator import Words
from handlers.cards.welcome import welcome
from handlers.context import Context

MOST_ELSEWHERE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWindow:
    """What the share window shows of an unfinished share.

    `address` is where its button leads, `None` where the member has to go on once more first. `room` is how many
    characters of their own fit, `over` by how many the text is too long. `link` stands at the end of the text.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedView:
    """What a member sees of a share that they have left for, or shared; `visits` is `None` where it is not known."""

    share_id: int
    post_id: int
    title: str
    network: str
    others: tuple[str, ...]
    text: str
    opened_at: datetime | None
    said_at: datetime | None
    confirmed_at: datetime | None
    evidenced_at: datetime | None
    permalink: str | None
    visits: int | None
    points: int
    can_open: bool
    can_undo: bool = True
    is_alike: bool = False
    note: str = ""


def share_form(ctx: Context, window: ShareWindow) -> Form:
    """Return the share window; whatever its check button, its list of networks or its link do keeps what was typed."""
    head = Headline(window.title, picture=window.picture)
    is_live = ctx.interaction.is_live
    goes_on = Button(label=ctx.text("share.continue"), action=ChangeShare(share_id=window.share_id), style="primary")
    way = (_open_button(ctx, window) or goes_on) if is_live else None  # elsewhere the window's own button comes first
    body = [head, *_fields(ctx, window), *_answers(ctx, window), *_ways_on(ctx, window, way)]
    if window.is_welcome:
        body += welcome(ctx, window.share_id)
    change = ChangeShare(share_id=window.share_id)
    return Form(
        ref=_ref(ctx, window.share_id),
        title=ctx.text("share.window"),
        body=tuple(body),
        submit=change if is_live else LeaveForNetwork(share_id=window.share_id),
        submit_label=ctx.text("share.check" if is_live else "share.continue"),
        close_label=ctx.text("share.close"),
        change=change,
    )


def ready_form(ctx: Context, window: ShareWindow) -> Form:
    """Return the window of a text that is kept as it will go out, with the way to the network."""
    known = NETWORKS[window.network]
    change = ChangeShare(share_id=window.share_id, network=window.network, text=window.text)
    body: list[Element | Field] = [Headline(window.title, picture=window.picture)]
    if window.text:
        body.append(Text((window.text,), style="quote"))
    kept = replace(window, inspiration=())
    body += [*_answers(ctx, kept), *_ways_on(ctx, kept, _open_button(ctx, kept))]
    return Form(
        ref=_ref(ctx, window.share_id),
        title=ctx.text("share.window_on", network=known.label),
        body=tuple(body),
        close_label=ctx.text("share.change_text"),
        back=change,
    )


def _ref(ctx: Context, share_id: int) -> str:
    return f"share-{share_id}-{ctx.interaction.key}"[:255]


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
    ]


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
        lines.append(Text(ctx.rich("share.fits", network=known.label)))
    if window.is_alike:
        lines.append(Text(ctx.rich("share.alike")))
    if not known.takes_text:
        lines.append(Text(ctx.rich("share.takes_no_text", network=known.label)))
    return lines


def _ways_on(ctx: Context, window: ShareWindow, way: Button | LinkButton | None) -> list[Element | Field]:
    """Return the button to the network, what goes along with the words, and what to say afterwards."""
    known = NETWORKS[window.network]
    lines: list[Element | Field] = [*([Buttons((way,))] if way else []), Text(_along(ctx, window), style="quiet")]
    if not known.earns_points:
        lines.append(Text(ctx.rich("share.earns_nothing", network=known.label), style="quiet"))
    if window.inspiration:
        lines.append(Text(ctx.rich("share.inspiration"), style="quiet"))
        lines += [Text((one,), style="quote") for one in window.inspiration]
    is_first_look = window.is_welcome and window.opened_at is None
    return lines if is_first_look else [*lines, Divider(), *_afterwards(ctx, window)]


def _open_button(ctx: Context, window: ShareWindow) -> LinkButton | None:
    if window.address is None:
        return None
    return LinkButton(
        label=ctx.text("share.open", network=NETWORKS[window.network].label),
        url=window.address,
        action=LeaveForNetwork(share_id=window.share_id),
        style="primary",
        about=window.title,
    )


def _along(ctx: Context, window: ShareWindow) -> Spans:
    """Return what stands before and after the member's words once they are out."""
    link = ctx.rich("share.link" if ctx.programme.public_url else "share.link_plain", link=window.link)
    if not window.disclosure:
        return link
    return (*ctx.rich("share.disclosure", line=Bold(window.disclosure)), "\n", *link)


def _afterwards(ctx: Context, window: ShareWindow) -> list[Element | Field]:
    buttons = Buttons((_said(ctx.words, window.share_id), _paste(ctx.words, window.share_id)))
    return [Text(ctx.rich("share.afterwards"), style="quiet"), buttons]


def _said(words: Words, share_id: int) -> Button:
    return Button(label=words.text("share.said"), action=SayShared(share_id=share_id))


def _paste(words: Words, share_id: int, *, is_again: bool = False) -> Button:
    return Button(
        label=words.text("share.paste_again" if is_again else "share.paste"), action=OpenPermalink(share_id=share_id)
    )


def shared_form(ctx: Context, view: SharedView) -> Form:
    """Return the window of a share that the member has left for, or shared."""
    return Form(
        ref=_ref(ctx, view.share_id),
        title=ctx.text("share.window"),
        body=(Text((Bold(view.title),)), *_shared_body(ctx, view)),
        close_label=ctx.text("share.close"),
    )


def shared_card(ctx: Context, view: SharedView) -> Card:
    """Return the same as a private message."""
    return Card(title=view.title, body=_shared_body(ctx, view), summary=view.note)


def _shared_body(ctx: Context, view: SharedView) -> tuple[Element, ...]:
    label = NETWORKS[view.network].label
    body: list[Element] = [Text((view.note,))] if view.note else []
    if view.text:
        body.append(Text((view.text,), style="quote"))
    if view.is_alike:
        body.append(Text(ctx.rich("share.alike")))
    if not view.can_open:
        body.append(Fields(_facts(ctx, view)))
    if view.permalink:
        body.append(Text((Link(view.permalink, ctx.text("share.your_post", network=label)),)))
    first: list[Button] = [] if view.said_at or view.confirmed_at else [_said(ctx.words, view.share_id)]
    paste = _paste(ctx.words, view.share_id, is_again=view.permalink is not None)
    body.append(Buttons((*first, paste, *_open_again(ctx, view), *_undo(ctx, view))))
    if view.others and not view.can_open:
        body.append(_elsewhere(ctx, view))
    return tuple(body)


def _facts(ctx: Context, view: SharedView) -> tuple[tuple[str, str], ...]:
    """Opened, said, confirmed and seen are different facts: each has its own line, and only if it is one."""
    label = NETWORKS[view.network].label
    times = (
        (ctx.text("share.fact_opened", network=label), view.opened_at),
        (ctx.text("share.fact_said"), view.said_at),
        (ctx.text("share.fact_confirmed"), view.confirmed_at),
        (ctx.text("share.fact_evidenced"), view.evidenced_at),
    )
    visits = ctx.text("share.not_available") if view.visits is None else ctx.words.number(view.visits)
    return (
        (ctx.text("share.fact_network"), label),
        *((name, ctx.words.moment(at)) for name, at in times if at is not None),
        (ctx.text("share.fact_visits"), visits),
        *([(ctx.text("share.fact_points"), ctx.words.number(view.points))] if view.points or not view.note else []),
    )


def _open_again(ctx: Context, view: SharedView) -> list[Button]:
    if not view.can_open:
        return []
    label = ctx.text("share.open_again", network=NETWORKS[view.network].label)
    return [Button(label=label, action=ChangeShare(share_id=view.share_id))]


def _undo(ctx: Context, view: SharedView) -> list[Button]:
    if not view.can_undo:
        return []
    confirm = Confirm(
        title=ctx.text("share.undo_title"),
        text=ctx.text("share.undo_text", network=NETWORKS[view.network].label),
        yes=ctx.text("share.undo_yes"),
        no=ctx.text("share.undo_no"),
    )
    return [Button(label=ctx.text("share.undo"), action=UndoShare(share_id=view.share_id), confirm=confirm)]


def _elsewhere(ctx: Context, view: SharedView) -> Buttons:
    """Return the other networks: the best known as buttons, the rest in a menu."""
    buttons = [
        Button(
            label=ctx.text("share.elsewhere", network=NETWORKS[one].label),
            action=ChangeShare(share_id=view.share_id, network=one),
        )
        for one in view.others
    ]
    shown, rest = buttons[:MOST_ELSEWHERE], buttons[MOST_ELSEWHERE:]
    return Buttons((*shown, Menu(items=tuple(rest)))) if rest else Buttons(tuple(shown))


def share_button(words: Words, *, post_id: int, title: str) -> Button:
    """Return the button that opens the share window."""
    return Button(label=words.text("share.button"), action=OpenShare(post_id=post_id), style="primary", about=title)


def again_card(ctx: Context, *, post_id: int, title: str) -> Card:
    """Return what to say when the window did not open, with a fresh button."""
    button = share_button(ctx.words, post_id=post_id, title=title)
    return Card(title=ctx.text("share.not_opened"), body=(Text((title,)), Buttons((button,))))


def undone_card(ctx: Context, *, view: SharedView) -> Card:
    """Return what to say after a share was taken back, with help to delete it where only the member can."""
    return Card(title=ctx.text("share.undone"), body=_undone(ctx, view))


def undone_form(ctx: Context, *, view: SharedView) -> Form:
    """Return the same as a window."""
    return Form(
        ref=_ref(ctx, view.share_id),
        title=ctx.text("share.window"),
        body=(Text((Bold(ctx.text("share.undone")),)), *_undone(ctx, view)),
        close_label=ctx.text("share.close"),
    )


def _undone(ctx: Context, view: SharedView) -> tuple[Element, ...]:
    label = NETWORKS[view.network].label
    body: list[Element] = [Text(ctx.rich("share.undone_text", network=label))]
    if view.permalink:
        body.append(Text((Link(view.permalink, ctx.text("share.your_post", network=label)),)))
    return (*body, Buttons((share_button(ctx.words, post_id=view.post_id, title=view.title),)))


def permalink_form(ctx: Context, *, share_id: int, network: str, url: str = "") -> Form:
    """Return the window that takes the link of the member's own post."""
    label = NETWORKS[network].label
    return Form(
        ref=f"permalink-{share_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("permalink.window"),
        body=(
            Text(ctx.rich("permalink.how", network=label)),
            TextField(name="url", label=ctx.text("permalink.field", network=label), value=url, placeholder="https://"),
        ),
        submit=SubmitPermalink(share_id=share_id),
        submit_label=ctx.text("permalink.send"),
        close_label=ctx.text("share.close"),
        back=ChangeShare(share_id=share_id),
    )


def ask_card(words: Words, *, share_id: int, title: str, network: str) -> Card:
    """Return the one private question of how a share went; no answer is an answer too."""
    label = NETWORKS[network].label
    not_shared = Button(label=words.text("share.did_not"), action=UndoShare(share_id=share_id))
    return Card(
        title=words.text("share.ask", network=label),
        body=(
            Text((title,)),
            Text((words.text("share.ask_text"),), style="quiet"),
            Buttons((_said(words, share_id), _paste(words, share_id), not_shared)),
        ),
    )


def dismissed_card(ctx: Context, *, title: str) -> Card:
    """Return the private answer to "not for me"."""
    return Card(title=ctx.text("share.dismissed"), body=(Text(ctx.rich("share.dismissed_text", title=title)),))
