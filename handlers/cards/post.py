"""The cards of a post: what stands in a channel, what the curators see, and the list of drafts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.actions import (
    Approve,
    DiscardDraft,
    DismissPost,
    Edit,
    OpenDecline,
    OpenShare,
    StartPost,
    Withdraw,
)
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Channel,
    Confirm,
    Element,
    Image,
    Link,
    Span,
    Spans,
    Text,
    When,
)
from bot.core.moderation import PostState
from bot.core.posts import PostFace
from bot.i18n.translator import Words

NEW_POST = "new"
"""What stands after the word for a post to begin an empty one although drafts are open."""


def announcement_card(words: Words, face: PostFace, *, is_tracked: bool) -> Card:
    """Return what stands in a channel, as the post now is; without tracked links the card says so."""
    if face.state is not PostState.PUBLISHED:
        return _closed_card(words, face)
    body: list[Element] = [Image(face.picture, face.title)] if face.picture else []
    body.append(Text((Bold(face.title),)))
    if face.summary:
        body.append(Text((face.summary,)))
    body.append(Text(_origin(words, face), "quiet"))
    body.append(Buttons((_share(words, face), _not_for_me(words, face))))
    body.append(Text((sharers_line(words, face.sharers),), "quiet"))
    if not is_tracked:
        body.append(Text((words.text("post.untracked"),), "quiet"))
    return Card(body=tuple(body), summary=words.text("post.announced", title=face.title))


def _closed_card(words: Words, face: PostFace) -> Card:
    why = words.text("post.expired" if face.state is PostState.EXPIRED else "post.withdrawn")
    body = (Text((Bold(face.title),)), Text((why,), "quiet"))
    return Card(body=body, summary=f"{face.title}: {why}")


def _origin(words: Words, face: PostFace) -> tuple[Span, ...]:
    spans: list[Span] = [*words.rich("post.source", source=Link(face.link, face.source or face.link))]
    if face.curator:
        spans += [" · ", words.text("post.curated", name=face.curator)]
    if face.authors:
        spans += [" · ", words.text("post.suggested", names=", ".join(face.authors))]
    return tuple(spans)


def sharers_line(words: Words, sharers: int) -> str:
    """Return the quiet line of how many colleagues shared a post; with none, what one may do."""
    return words.text("post.sharers", count=sharers) if sharers else words.text("post.sharers_none")


def _share(words: Words, face: PostFace) -> Button:
    return Button(
        label=words.text("post.share"), action=OpenShare(post_id=face.post_id), style="primary", about=face.title
    )


def _not_for_me(words: Words, face: PostFace) -> Button:
    return Button(label=words.text("post.not_for_me"), action=DismissPost(post_id=face.post_id), about=face.title)


def preview_card(words: Words, card: Card) -> Card:
    """Return the real card of a post with a line that says who sees it."""
    note = Text((words.text("post.preview_note"),), "quiet")
    return Card(title=card.title, body=(note, *card.body), summary=card.summary)


MOST_NAMED = 20
"""So many channels are named, and the others counted: a card that names a thousand is too large to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Where and when a post is announced; `decided` says what became of a pending one, empty while it waits."""

    channels: Sequence[str]
    publish_at: datetime | None
    author: str
    decided: Spans = ()


def pending_card(words: Words, face: PostFace, plans: Plans) -> Card:
    """Return the card of a post that waits for a second pair of eyes, or what was decided about it."""
    ref = f"P{face.post_id}"
    body: list[Element] = [Text(words.rich("post.pending_by", name=Bold(plans.author), ref=ref))]
    if face.picture:
        body.append(Image(face.picture, face.title))
    body += [Text((Bold(face.title),)), Text((face.summary,))] if face.summary else [Text((Bold(face.title),))]
    body.append(Text((Link(face.link, face.link),), "quiet"))
    body.append(Text(when_and_where(words, plans)))
    if plans.decided:
        body.append(Text(plans.decided))
    else:
        body.append(Buttons(decide_buttons(words, ref, about=face.title)))
    return Card(title=words.text("post.pending_title", ref=ref), body=tuple(body))


def when_and_where(words: Words, plans: Plans) -> tuple[Span, ...]:
    """Return in which channels and when a post is announced, in words."""
    spans: list[Span] = []
    for ref in plans.channels[:MOST_NAMED]:
        spans += [", ", Channel(ref)] if spans else [Channel(ref)]
    if (left := len(plans.channels) - MOST_NAMED) > 0:
        spans.append(" " + words.text("queue.more", count=left))
    when: Span = words.text("post.at_once")
    if plans.publish_at is not None:
        when = When(plans.publish_at, words.moment(plans.publish_at))
    return (*words.rich("post.goes_out", when=when), " ", *spans)


class Done(Protocol):
    """A decision as it is told: what was decided, by whom, when and why."""

    @property
    def what(self) -> str:
        """The decision."""

    @property
    def name(self) -> str:
        """Who decided."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def reason(self) -> str:
        """Why; "" without a reason."""


def done_by(words: Words, decided: Done) -> Spans:
    """Return what was decided, by whom and when, in each reader's own time."""
    when = When(decided.at, words.moment(decided.at))
    said = words.rich(f"decide.done_{decided.what}", name=decided.name or words.text("suggest.somebody"), when=when)
    return (*said, f" {decided.reason}") if decided.reason else said


def decide_buttons(words: Words, ref: str, *, about: str) -> tuple[Button, ...]:
    """Return the buttons to decide about a pending post."""
    return (
        Button(label=words.text("decide.approve"), action=Approve(ref=ref), style="primary", about=about),
        edit_button(words, ref, about=about),
        Button(label=words.text("decide.decline"), action=OpenDecline(ref=ref), about=about),
    )


def edit_button(words: Words, ref: str, *, about: str = "") -> Button:
    """Return the button that opens the form of a post."""
    return Button(label=words.text("decide.edit"), action=Edit(ref=ref), about=about)


def open_draft_button(words: Words, ref: str, *, about: str) -> Button:
    """Return the button that goes on with a draft that has just come to be."""
    return Button(label=words.text("decide.open_draft"), action=Edit(ref=ref), style="primary", about=about)


def withdraw_button(words: Words, ref: str, *, about: str) -> Button:
    """Return the button that withdraws a post, after a question."""
    confirm = Confirm(
        title=words.text("post.withdraw_title"),
        text=words.text("post.withdraw_text"),
        yes=words.text("decide.withdraw"),
        no=words.text("post.withdraw_no"),
    )
    return Button(
        label=words.text("decide.withdraw"), action=Withdraw(ref=ref), style="danger", confirm=confirm, about=about
    )


def draft_rows(words: Words, drafts: Sequence[tuple[int, str]]) -> tuple[Element, ...]:
    """Return a line and buttons for each draft: its number and title."""
    rows: list[Element] = []
    for post_id, title in drafts:
        name = title or words.text("post.untitled")
        discard = Button(
            label=words.text("post.discard"),
            action=DiscardDraft(post_id=post_id),
            about=name,
            confirm=Confirm(
                title=words.text("post.discard_title"),
                text=words.text("post.discard_text", title=name),
                yes=words.text("post.discard"),
                no=words.text("post.discard_no"),
            ),
        )
        resume = Button(label=words.text("post.resume"), action=Edit(ref=f"P{post_id}"), about=name)
        rows += [Text((Bold(f"P{post_id}"), f" {name}")), Buttons((resume, discard))]
    return tuple(rows)


def drafts_card(words: Words, drafts: Sequence[tuple[int, str]]) -> Card:
    """Return the open drafts of a curator, to go on with one or to begin another post."""
    begin = Button(label=words.text("post.begin"), action=StartPost(link=NEW_POST))
    return Card(title=words.text("post.drafts"), body=(*draft_rows(words, drafts), Buttons((begin,))))


def line_card(text: str | Spans, *buttons: Button) -> Card:
    """Return a card of one line, with buttons if there are any."""
    line = Text((text,) if isinstance(text, str) else text)
    return Card(body=(line, Buttons(buttons)) if buttons else (line,))
