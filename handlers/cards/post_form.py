"""The windows of a post: reading its page, the form, and the review before it is announced."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.actions import AnnouncePost, Edit, PreviewPost, ReviewPost, SaveDraft, SkipReading
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    DateField,
    Element,
    Field,
    Form,
    Link,
    ManyField,
    Option,
    SelectField,
    Text,
    TextField,
    TimeField,
)
from bot.core.disclosure import default_line
from bot.core.moderation import PostState
from bot.core.networks import NETWORKS
from bot.core.post_checks import CheckedPost
from bot.core.posts import ANY_NETWORK, MAX_SUMMARY, MAX_TITLE, WORDINGS, Draft
from bot.core.programme import Programme
from bot.i18n.translator import Words
from handlers.cards.post import Plans, when_and_where
from handlers.context import Context

_BOX = 3000
_TROUBLES = {
    "private": "post.trouble_private",
    "not_found": "post.trouble_not_found",
    "too_large": "post.trouble_too_large",
    "not_html": "post.trouble_not_html",
    "slow": "post.trouble_slow",
    "unreachable": "post.trouble_unreachable",
    "blocked": "post.trouble_blocked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A post's form in one member's window; `is_live` where every change is told, and so kept, at once."""

    post_id: int
    member_id: int
    state: PostState
    draft: Draft
    is_live: bool
    is_saved: bool = False

    @property
    def ref(self) -> str:
        """The reference of the window."""
        return self.draft.window(self.member_id) or f"post-{self.post_id}-{self.member_id}"


def opened_by(ctx: Context, post_id: int, *, state: str, draft: Draft, is_saved: bool = False) -> Opened:
    """Return the form of a post in the window of who acts, as live as the platform is that they act on."""
    return Opened(
        post_id=post_id,
        member_id=ctx.member_id,
        state=PostState(state),
        draft=draft,
        is_live=ctx.interaction.is_live,
        is_saved=is_saved,
    )


def reading_window(words: Words, opened: Opened) -> Form:
    """Return the window that stands while the page is read: no inputs, so that nothing typed can be lost.

    Where it cannot be redrawn once the page is read, it says so, and its button leads on to the form.
    """
    reading, skip_label = ("post.reading", "post.skip") if opened.is_live else ("post.being_read", "post.go_on")
    skip = Button(label=words.text(skip_label), action=SkipReading(post_id=opened.post_id))
    body = (
        Text((words.text(reading),)),
        Text((Link(opened.draft.link, opened.draft.link),), "quiet"),
        Buttons((skip,)),
    )
    return Form(ref=opened.ref, title=words.text("post.form_new"), body=body, close_label=words.text("post.close"))


def post_form(words: Words, programme: Programme, opened: Opened) -> Form:
    """Return the form of a post as its draft was left; every field saves as it changes."""
    draft = opened.draft
    is_new = opened.state is PostState.DRAFT
    title = words.text("post.form_new") if is_new else words.text("post.form_edit", ref=f"P{opened.post_id}")
    fields = (
        *_notes(words, opened),
        *_page_fields(words, draft),
        *_choices(words, programme, draft),
        *_wording_fields(words, programme, draft),
        *_times(words, opened),
        _disclosure(words, programme, draft),
    )
    return Form(
        ref=opened.ref,
        title=title,
        body=fields,
        submit=ReviewPost(post_id=opened.post_id, shown_language=draft.wording_language),
        submit_label=words.text("post.review"),
        close_label=words.text("post.close"),
        change=SaveDraft(post_id=opened.post_id, shown_language=draft.wording_language),
        change_label=words.text("post.save"),
    )


def _notes(words: Words, opened: Opened) -> tuple[Element, ...]:
    notes = []
    if opened.is_saved:
        notes.append(words.text("post.draft_saved"))
    if opened.draft.trouble:
        notes.append(words.text(_TROUBLES.get(opened.draft.trouble, "post.trouble_other")))
    if opened.state is PostState.PUBLISHED:
        notes.append(words.text("post.edit_published"))
    keeps = words.text("post.saves" if opened.is_live else "post.saves_when_asked")
    return (*(Text((note,)) for note in notes), Text((keeps,), "quiet"))


def _page_fields(words: Words, draft: Draft) -> tuple[Field, ...]:
    boxes = (
        ("link", False, False, ""),
        ("title", False, False, words.text("post.title_hint", most=MAX_TITLE)),
        ("summary", True, True, words.text("post.summary_hint", most=MAX_SUMMARY)),
        ("picture", False, True, words.text("post.picture_hint")),
    )
    return tuple(
        TextField(
            name=name,
            label=words.text(f"post.label_{name}"),
            value=getattr(draft, name)[:_BOX],
            hint=hint,
            is_long=is_long,
            is_optional=is_optional,
            saves=True,
            edition=draft.editions.get(name, 0),
        )
        for name, is_long, is_optional, hint in boxes
    )


def _choices(words: Words, programme: Programme, draft: Draft) -> tuple[Field, ...]:
    channels = [(one.ref, " · ".join([f"#{one.name}", *one.topics])) for one in programme.channels]
    networks = [(name, NETWORKS[name].label) for name in programme.networks if name in NETWORKS]
    choices: list[Field] = [_many(words, "channels", channels, draft.channels)]
    if programme.topics:
        choices.append(_many(words, "topics", [(one, one) for one in programme.topics], draft.topics))
    choices.append(_many(words, "networks", networks, draft.networks))
    choices.append(
        SelectField(
            name="language",
            label=words.text("post.label_language"),
            options=_languages(words, programme),
            value=draft.language if draft.language in programme.languages else None,
            saves=True,
            edition=draft.editions.get("language", 0),
        )
    )
    return tuple(choices)


def _many(words: Words, name: str, pairs: Sequence[tuple[str, str]], chosen: tuple[str, ...]) -> ManyField:
    known = {value for value, _ in pairs}
    return ManyField(
        name=name,
        label=words.text(f"post.label_{name}"),
        options=tuple(Option(value=value, label=label[:75]) for value, label in pairs),
        values=tuple(one for one in chosen if one in known),
        is_optional=name == "topics",
        saves=True,
    )


def _languages(words: Words, programme: Programme) -> tuple[Option, ...]:
    return tuple(Option(value=one, label=language_name(words, one)) for one in programme.languages)


def language_name(words: Words, language: str) -> str:
    """Return the name of a language, or its code where there is no name for it."""
    names = {"en": "language.en", "nl": "language.nl"}
    return words.text(names[language]) if language in names else language


def _wording_fields(words: Words, programme: Programme, draft: Draft) -> tuple[Element | Field, ...]:
    shown = draft.wording_language
    parts: list[Element | Field] = [
        Text((Bold(words.text("post.wordings")),)),
        Text((words.text("post.wordings_hint"),), "quiet"),
    ]
    if len(programme.languages) > 1:
        parts.append(
            SelectField(
                name="wording_language",
                label=words.text("post.label_wording_language"),
                options=_languages(words, programme),
                value=shown if shown in programme.languages else None,
                saves=True,
                edition=draft.editions.get("language", 0),
            )
        )
    edition = draft.editions.get("wording", 0)
    options = (
        Option(value=ANY_NETWORK, label=words.text("post.any_network")),
        *(Option(value=name, label=NETWORKS[name].label) for name in programme.networks if name in NETWORKS),
    )
    for place, box in zip(range(1, WORDINGS + 1), draft.boxes(shown), strict=True):
        parts.append(
            TextField(
                name=f"wording_{place}",
                label=words.text("post.label_wording", number=place, language=language_name(words, shown)),
                value=box.text[:_BOX],
                is_long=True,
                is_optional=True,
                saves=True,
                edition=edition,
            )
        )
        parts.append(
            SelectField(
                name=f"wording_{place}_network",
                label=words.text("post.label_wording_network", number=place),
                options=options,
                value=box.network if box.network in programme.networks else ANY_NETWORK,
                saves=True,
                edition=edition,
            )
        )
    return tuple(parts)


def _times(words: Words, opened: Opened) -> tuple[Field, ...]:
    draft = opened.draft
    names = ("expires",) if opened.state is PostState.PUBLISHED else ("publish", "expires")
    edition = draft.editions.get("times", 0)
    parts: list[Field] = []
    for name in names:
        on, at = f"{name}_on", f"{name}_at"
        zone = words.zone.key
        parts.append(
            DateField(
                name=on,
                label=words.text(f"post.label_{on}"),
                value=getattr(draft, on),
                hint=words.text(f"post.hint_{name}", zone=zone),
                saves=True,
                edition=edition,
            )
        )
        parts.append(
            TimeField(
                name=at, label=words.text(f"post.label_{at}"), value=getattr(draft, at), saves=True, edition=edition
            )
        )
    return tuple(parts)


def _disclosure(words: Words, programme: Programme, draft: Draft) -> TextField:
    line = default_line(programme.company.name, programme.disclosure, language=draft.language)
    return TextField(
        name="disclosure",
        label=words.text("post.label_disclosure"),
        value=draft.disclosure[:_BOX],
        hint=words.text("post.disclosure_hint"),
        placeholder=line[:150],
        is_optional=True,
        saves=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What the review in window `ref` shows; confirming it does `step`: "announce", "schedule", "ask" or "save"."""

    checked: CheckedPost
    step: str
    ref: str
    is_sent: bool = False


def review_form(words: Words, opened: Opened, review: Review) -> Form:
    """Return the window that lists channels and times in words before anything happens."""
    checked = review.checked
    body: list[Element] = [
        Text((Bold(checked.title),)),
        Text((Link(checked.link, checked.link),), "quiet"),
        *_review_lines(words, review),
    ]
    if review.is_sent:
        body.append(Text((words.text("post.preview_sent"),)))
    preview = Button(label=words.text("post.preview"), action=PreviewPost(post_id=opened.post_id), about=checked.title)
    body.append(Buttons((preview,)))
    return Form(
        ref=review.ref,
        title=words.text("post.review_title"),
        body=tuple(body),
        submit=AnnouncePost(post_id=opened.post_id),
        submit_label=words.text(f"post.step_{review.step}"),
        close_label=words.text("button.back"),
        back=Edit(ref=f"P{opened.post_id}"),
    )


def _review_lines(words: Words, review: Review) -> list[Element]:
    checked = review.checked
    plans = Plans(channels=checked.channels, publish_at=checked.publish_at, author="")
    lines = [Text(words.rich("post.follows") if review.step == "save" else when_and_where(words, plans))]
    if checked.expires_at is not None:
        lines.append(Text((words.text("post.until", when=words.moment(checked.expires_at)),)))
    networks = ", ".join(NETWORKS[one].label for one in checked.networks)
    lines.append(Text((words.text("post.on_networks", networks=networks),)))
    if checked.wordings:
        lines.append(Text((words.text("post.wordings_count", count=len(checked.wordings)),)))
    else:
        lines.append(Text((words.text("post.wordings_none"),)))
    if review.step == "ask":
        lines.append(Text((words.text("post.second_eyes"),)))
    return [*lines]
