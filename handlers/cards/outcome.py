"""What a member sees of a share of theirs that is out, or may be, and the questions about it."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.actions import ChangeShare, SubmitPermalink, UndoShare
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Confirm,
    Element,
    Fields,
    Form,
    Link,
    Menu,
    Text,
    TextField,
)
from bot.core.measuring import Measured
from bot.core.networks import NETWORKS
from bot.i18n.translator import Words
from handlers.cards.figures import figures_fields
from handlers.cards.sharing import paste_button, said_button, share_button, window_ref
from handlers.context import Context

MOST_ELSEWHERE = 3  # with the five of a menu that is all other networks


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedView:
    """What a member sees of a share that they have left for, or shared; `visits` is `None` where it is not known.

    `posted_at` is when it was posted by their connected account; while it `is_queued` nothing was. `measured` is what
    visits and network tell in full.
    """

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
    is_queued: bool = False
    posted_at: datetime | None = None
    is_alike: bool = False
    note: str = ""
    measured: Measured | None = None


def shared_form(ctx: Context, view: SharedView) -> Form:
    """Return the window of a share that the member has left for, or shared."""
    return Form(
        ref=window_ref(ctx, view.share_id),
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
    first: list[Button] = [] if view.said_at or view.confirmed_at else [said_button(ctx.words, view.share_id)]
    paste = paste_button(ctx.words, view.share_id, is_again=view.permalink is not None)
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
        (ctx.text("share.fact_posted"), view.posted_at),
        (ctx.text("share.fact_confirmed"), view.confirmed_at),
        (ctx.text("share.fact_evidenced"), view.evidenced_at),
    )
    return (
        (ctx.text("share.fact_network"), label),
        *((name, ctx.words.moment(at)) for name, at in times if at is not None),
        *figures_fields(ctx, view.network, people=view.visits, measured=view.measured),
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


def undone_card(ctx: Context, *, view: SharedView) -> Card:
    """Return what to say after a share was taken back, with help to delete it where only the member can."""
    return Card(title=ctx.text("share.undone"), body=_undone(ctx, view))


def undone_form(ctx: Context, *, view: SharedView) -> Form:
    """Return the same as a window."""
    return Form(
        ref=window_ref(ctx, view.share_id),
        title=ctx.text("share.window"),
        body=(Text((Bold(ctx.text("share.undone")),)), *_undone(ctx, view)),
        close_label=ctx.text("share.close"),
    )


def _undone(ctx: Context, view: SharedView) -> tuple[Element, ...]:
    label = NETWORKS[view.network].label
    said = "deliver.taken_back" if view.is_queued else "share.undone_text"
    body: list[Element] = [Text(ctx.rich(said, network=label))]
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
            Buttons((said_button(words, share_id), paste_button(words, share_id), not_shared)),
        ),
    )


def dismissed_card(ctx: Context, *, title: str) -> Card:
    """Return the private answer to "not for me"."""
    return Card(title=ctx.text("share.dismissed"), body=(Text(ctx.rich("share.dismissed_text", title=title)),))
