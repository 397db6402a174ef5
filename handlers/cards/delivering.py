"""What a member sees of a share that goes out by their connected account: on its way, not certain, or not posted."""

from dataclasses import dataclass, field

from bot.core.actions import ChangeShare, SayNotThere, SayThere, UndoShare
from bot.core.cards import Bold, Button, Buttons, Card, Element, Form, Link, Spans, Text
from bot.core.networks import NETWORKS
from bot.core.social import Fault
from handlers.cards.sharing import connect_button, window_ref
from handlers.context import Context

MENDED_BY_CONNECTING = (Fault.EXPIRED, Fault.REVOKED, Fault.SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A share that goes out: `text` is all of it, as readers get it; `profile` is the page of the account, or "".

    Before it is handed to the network it `can_undo`.
    """

    share_id: int
    title: str
    network: str
    text: str = field(repr=False)
    profile: str = ""
    can_undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why nothing was posted: a fault, until when the network takes no more, the earlier post with these words."""

    fault: str
    until: str = ""
    earlier: str = ""


def trouble_line(ctx: Context, network: str, trouble: Trouble) -> Spans:
    """Return in one or two sentences why nothing was posted and what to do; nothing where there is no fault."""
    label = NETWORKS[network].label
    if not trouble.fault:
        return ()
    if trouble.fault == Fault.DUPLICATE and trouble.earlier:
        return ctx.rich("fault.duplicate_of", network=label, earlier=Link(trouble.earlier, ctx.text("fault.earlier")))
    if trouble.fault == Fault.RATE_LIMITED and trouble.until:
        return ctx.rich("fault.rate_limited_until", network=label, at=trouble.until)
    return ctx.rich(f"fault.{trouble.fault}", network=label)


def posting_form(ctx: Context, sent: Sent) -> Form:
    """Return the window of a share that is on its way, with the very text that goes out."""
    return Form(
        ref=window_ref(ctx, sent.share_id),
        title=ctx.text("share.window"),
        body=(Text((Bold(sent.title),)), *_posting(ctx, sent)),
        close_label=ctx.text("share.close"),
    )


def posting_card(ctx: Context, sent: Sent) -> Card:
    """Return the same as a private message."""
    return Card(title=sent.title, body=_posting(ctx, sent))


def _posting(ctx: Context, sent: Sent) -> tuple[Element, ...]:
    is_redrawn = ctx.interaction.is_live and ctx.interaction.window_ref is not None
    ways = [] if is_redrawn else [Button(label=ctx.text("deliver.see"), action=ChangeShare(share_id=sent.share_id))]
    if sent.can_undo:
        ways.append(Button(label=ctx.text("deliver.take_back"), action=UndoShare(share_id=sent.share_id)))
    return (
        Text(ctx.rich("deliver.posting", network=NETWORKS[sent.network].label)),
        Text((sent.text,), style="quote"),
        Text(ctx.rich("deliver.in_window" if is_redrawn else "deliver.by_message"), style="quiet"),
        *((Buttons(tuple(ways)),) if ways else ()),
    )


def look_form(ctx: Context, sent: Sent) -> Form:
    """Return the window that asks to look whether a share is out."""
    return Form(
        ref=window_ref(ctx, sent.share_id),
        title=ctx.text("share.window"),
        body=(Text((Bold(sent.title),)), *_look(ctx, sent)),
        close_label=ctx.text("share.close"),
    )


def look_card(ctx: Context, sent: Sent) -> Card:
    """Return the same as a private message."""
    return Card(title=sent.title, body=_look(ctx, sent))


def _look(ctx: Context, sent: Sent) -> tuple[Element, ...]:
    label = NETWORKS[sent.network].label
    profile = (Text((Link(sent.profile, ctx.text("deliver.profile", network=label)),)),) if sent.profile else ()
    there = Button(label=ctx.text("deliver.there"), action=SayThere(share_id=sent.share_id), style="primary")
    not_there = Button(label=ctx.text("deliver.not_there"), action=SayNotThere(share_id=sent.share_id))
    return (
        Text(ctx.rich("deliver.look", network=label)),
        *profile,
        Text((sent.text,), style="quote"),
        Buttons((there, not_there)),
    )


def failed_card(ctx: Context, sent: Sent, trouble: Trouble) -> Card:
    """Return the private message after nothing was posted, or with a text to be looked at first: the way to it."""
    back = Button(label=ctx.text("deliver.back"), action=ChangeShare(share_id=sent.share_id), style="primary")
    ways = [back]
    if trouble.fault in MENDED_BY_CONNECTING:
        ways.append(connect_button(ctx, network=sent.network, share_id=sent.share_id, is_again=True))
    line = trouble_line(ctx, sent.network, trouble)
    kept = (Text((sent.text,), style="quote"),) if sent.text else ()
    body: tuple[Element, ...] = (*((Text(line),) if line else ()), *kept, Buttons(tuple(ways)))
    return Card(title=sent.title, body=body)
