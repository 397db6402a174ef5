"""Sharing later: the window that asks when, what is said of a time that was picked, and the question at that time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.actions import CancelLater, ChangeShare, LeaveForNetwork, OpenLater, ShareNow, SubmitLater
from bot.core.cards import (
    Button,
    Buttons,
    Card,
    DateField,
    Element,
    Field,
    Form,
    Headline,
    LinkButton,
    Option,
    SelectField,
    Text,
    TimeField,
)
from bot.core.later import MOST_OFFERED, Offer, Picked
from bot.core.networks import NETWORKS
from bot.i18n.translator import Words
from handlers.cards.sharing import said_button, share_button
from handlers.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterWindow:
    """What the window shows: `at` is the time picked before, `picked` what was just typed."""

    share_id: int
    title: str
    network: str
    offers: Sequence[Offer]
    picked: Picked
    at: datetime | None = None


def later_button(words: Words, share_id: int) -> Button:
    """Return the button of a share window that asks for another moment."""
    return Button(label=words.text("later.button"), action=OpenLater(share_id=share_id))


def planned(ctx: Context, *, share_id: int, at: datetime) -> list[Element | Field]:
    """Return the lines of a share window that say when the member will be asked, with the way out of it."""
    cancel = Button(label=ctx.text("later.cancel"), action=CancelLater(share_id=share_id))
    return [Text(ctx.rich("later.planned", at=ctx.words.moment(at)), style="quiet"), Buttons((cancel,))]


def later_form(ctx: Context, window: LaterWindow) -> Form:
    """Return the window that asks when to be asked; nothing is posted at that time without a click."""
    known = NETWORKS[window.network]
    body: list[Element | Field] = [
        Headline(window.title),
        Text(ctx.rich("later.how", network=known.label)),
    ]
    if window.at is not None:
        body.append(Text(ctx.rich("later.so_far", at=ctx.words.moment(window.at)), style="quiet"))
    if window.offers:
        body.append(_offered(ctx, window))
    else:
        body.append(Text(ctx.rich("later.nothing_to_offer"), style="quiet"))
    return Form(
        ref=f"later-{window.share_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("later.window"),
        body=(*body, *_own_time(ctx, window.picked)),
        submit=SubmitLater(share_id=window.share_id),
        submit_label=ctx.text("later.send"),
        close_label=ctx.text("button.back"),
        back=ChangeShare(share_id=window.share_id),
    )


def _offered(ctx: Context, window: LaterWindow) -> SelectField:
    options = tuple(Option(value=one.at.isoformat(), label=_label(ctx, one)) for one in window.offers[:MOST_OFFERED])
    values = {one.value for one in options}
    is_advised = any(one.is_recommended for one in window.offers)
    return SelectField(
        name="pick",
        label=ctx.text("later.when"),
        options=options,
        value=window.picked.pick if window.picked.pick in values else options[0].value,
        hint=ctx.text("later.recommended_why") if is_advised else "",
        is_optional=True,
    )


def _label(ctx: Context, offer: Offer) -> str:
    at = ctx.words.moment(offer.at)
    return ctx.text("later.recommended", at=at) if offer.is_recommended else at


def _own_time(ctx: Context, picked: Picked) -> tuple[Field, Field]:
    hint = ctx.text("later.own_hint", zone=ctx.words.zone.key)
    return (
        DateField(name="day", label=ctx.text("later.day"), value=picked.day, hint=hint),
        TimeField(name="time", label=ctx.text("later.time"), value=picked.time),
    )


def planned_card(ctx: Context, *, share_id: int, network: str, at: datetime, is_moved: bool) -> Card:
    """Return the answer to a time that was picked; `is_moved` where a colleague was faster with the same one."""
    body: list[Element] = [Text(ctx.rich("later.what_happens", network=NETWORKS[network].label))]
    if is_moved:
        body.append(Text(ctx.rich("later.moved"), style="quiet"))
    change = Button(label=ctx.text("share.change_text"), action=ChangeShare(share_id=share_id))
    cancel = Button(label=ctx.text("later.cancel"), action=CancelLater(share_id=share_id))
    title = ctx.text("later.picked", at=ctx.words.moment(at))
    return Card(title=title, body=(*body, Buttons((change, cancel))))


def cancelled_card(ctx: Context, *, post_id: int, title: str) -> Card:
    """Return the answer to "do not ask"; the text stays for another day."""
    button = share_button(ctx.words, post_id=post_id, title=title)
    return Card(title=ctx.text("later.cancelled"), body=(Text((title,)), Buttons((button,))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a member is asked at the time they picked: `text` is all that would go out, to the letter.

    `url` leads to the network's composer; `None` with `is_connected`, and where the window has to be opened first.
    `late_from` is the time that was picked, where that has passed.
    """

    share_id: int
    title: str
    network: str
    text: str
    is_connected: bool
    url: str | None
    late_from: datetime | None = None
    opened_at: datetime | None = None


def asking_card(words: Words, asking: Asking) -> Card:
    """Return the one private question, with one button that shares."""
    label = NETWORKS[asking.network].label
    body: list[Element] = [Text((asking.title,))]
    if asking.late_from is not None:
        body.append(Text(words.rich("later.late", at=words.moment(asking.late_from)), style="quiet"))
    if asking.text:
        body.append(Text((asking.text,), style="quote"))
    if asking.opened_at is not None:
        at = words.moment(asking.opened_at)
        body.append(Text(words.rich("share.opened_before", network=label, at=at), style="quiet"))
    change = Button(label=words.text("share.change_text"), action=ChangeShare(share_id=asking.share_id))
    ways = (_share(words, asking), *((change,) if asking.is_connected or asking.url else ()))
    said = (said_button(words, asking.share_id),) if asking.opened_at is not None else ()
    not_now = Button(label=words.text("later.not_now"), action=CancelLater(share_id=asking.share_id))
    return Card(title=words.text("later.ask", network=label), body=(*body, Buttons((*ways, *said, not_now))))


def _share(words: Words, asking: Asking) -> Button | LinkButton:
    label = words.text("later.share_now", network=NETWORKS[asking.network].label)
    if asking.is_connected:
        now = ShareNow(share_id=asking.share_id)
        return Button(label=label, action=now, style="primary", about=asking.title)
    if asking.url is None:
        change = ChangeShare(share_id=asking.share_id)
        return Button(label=label, action=change, style="primary", about=asking.title)
    leave = LeaveForNetwork(share_id=asking.share_id)
    return LinkButton(label=label, url=asking.url, action=leave, style="primary", about=asking.title)


def gone_card(words: Words, *, title: str, network: str, reason: str) -> Card:
    """Return what to say at that time where the post cannot be shared any more, and why."""
    why = Text(words.rich(f"share.refused_{reason}"))
    return Card(title=words.text("later.gone", network=NETWORKS[network].label), body=(Text((title,)), why))
