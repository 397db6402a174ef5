"""The cards of a suggestion: what curators see, the windows to suggest and to decline, and what the member hears."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.actions import Approve, Decline, Edit, OpenDecline, OpenShare, SubmitSuggestion
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Divider,
    Element,
    Field,
    Form,
    Link,
    Option,
    SelectField,
    Span,
    Spans,
    Text,
    TextField,
)
from bot.i18n.translator import Words

MAX_WHY = 500
MAX_REASON = 500
_LONGEST_CHOICE = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What a card shows of a suggestion: `authors` are names and reasons, `decided` what became of it, if it did."""

    suggestion_id: int
    link: str
    authors: tuple[tuple[str, str], ...]
    decided: Spans = ()

    @property
    def ref(self) -> str:
        """How people name it."""
        return f"S{self.suggestion_id}"


def suggestion_card(words: Words, proposed: Proposed) -> Card:
    """Return the card in the curators' channel: who, why and the link, with buttons while it is open."""
    body: list[Element] = [*_rows(words, proposed)]
    if proposed.decided:
        body.append(Text(proposed.decided))
    else:
        body.append(Buttons(suggestion_buttons(words, proposed)))
    return Card(title=words.text("suggest.card_title", ref=proposed.ref), body=tuple(body))


def _rows(words: Words, proposed: Proposed) -> tuple[Element, ...]:
    names = ", ".join(name for name, _ in proposed.authors if name) or words.text("suggest.somebody")
    rows: list[Element] = [Text((Link(proposed.link, proposed.link),))]
    rows.append(Text(words.rich("suggest.by", names=Bold(names))))
    is_alone = len(proposed.authors) == 1
    rows += [Text(_why("" if is_alone else name, why), "quote") for name, why in proposed.authors if why]
    return tuple(rows)


def _why(name: str, why: str) -> tuple[Span, ...]:
    return (f"{name}: {why}" if name else why,)


def suggestion_buttons(words: Words, proposed: Proposed) -> tuple[Button, ...]:
    """Return the three ways to decide."""
    return (
        Button(
            label=words.text("decide.approve"), action=Approve(ref=proposed.ref), style="primary", about=proposed.link
        ),
        Button(label=words.text("suggest.edit"), action=Edit(ref=proposed.ref), about=proposed.link),
        Button(label=words.text("decide.decline"), action=OpenDecline(ref=proposed.ref), about=proposed.link),
    )


def suggestion_row(words: Words, proposed: Proposed) -> tuple[Element, ...]:
    """Return a suggestion as one entry of the queue."""
    return (
        Divider(),
        Text((Bold(proposed.ref),)),
        *_rows(words, proposed),
        Buttons(suggestion_buttons(words, proposed)),
    )


def suggestion_window(words: Words, *, ref: str, links: Sequence[str], why: str = "") -> Form:
    """Return the window to suggest: one link is filled in, several are a choice, none is asked for."""
    field = TextField(
        name="why",
        value=why,
        label=words.text("suggest.label_why"),
        hint=words.text("suggest.hint_why"),
        is_long=True,
        is_optional=True,
        max_length=MAX_WHY,
    )
    return Form(
        ref=ref,
        title=words.text("suggest.window"),
        body=(_link_field(words, links), field),
        submit=SubmitSuggestion(),
        submit_label=words.text("suggest.submit"),
        close_label=words.text("post.close"),
    )


def _link_field(words: Words, links: Sequence[str]) -> Field:
    label = words.text("suggest.label_link")
    short = [one for one in dict.fromkeys(links) if len(one) <= _LONGEST_CHOICE][:100]
    if len(short) > 1:
        options = tuple(Option(value=one, label=one if len(one) <= 75 else f"{one[:74]}…") for one in short)
        return SelectField(name="link", label=label, options=options, value=short[0])
    return TextField(name="link", label=label, value=next(iter(links), ""), hint=words.text("suggest.hint_link"))


def decline_window(words: Words, *, window: str, ref: str, reason: str = "") -> Form:
    """Return the window that asks why, with what was typed so far."""
    field = TextField(
        name="reason",
        label=words.text("decide.label_reason"),
        value=reason,
        hint=words.text("decide.hint_reason"),
        is_long=True,
        max_length=MAX_REASON,
    )
    return Form(
        ref=window,
        title=words.text("decide.decline_title", ref=ref),
        body=(field,),
        submit=Decline(ref=ref),
        submit_label=words.text("decide.decline"),
        close_label=words.text("post.close"),
    )


def already_card(words: Words, *, post_id: int, title: str) -> Card:
    """Return the answer to a suggestion of what is a post already: which, with Share."""
    share = Button(label=words.text("post.share"), action=OpenShare(post_id=post_id), style="primary", about=title)
    return Card(body=(Text(words.rich("suggest.already", title=Bold(title))), Buttons((share,))))


def outcome_card(words: Words, proposed: Proposed, *, is_approved: bool, note: str) -> Card:
    """Return what a member hears of their suggestion, with the curator's note."""
    key = "suggest.told_approved" if is_approved else "suggest.told_declined"
    body: list[Element] = [Text(words.rich(key, ref=proposed.ref, link=Link(proposed.link, proposed.link)))]
    if note:
        body.append(Text((note,), "quote"))
    return Card(body=tuple(body))
