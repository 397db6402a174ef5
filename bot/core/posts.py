"""Posts: the form as a curator leaves it (a draft), and what a card shows of a post."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.actions import PostFields
from bot.core.moderation import PostState
from bot.core.ports import Page
from bot.core.texts import shorten

MAX_TITLE = 150
MAX_SUMMARY = 1000
WORDINGS = 3
ANY_NETWORK = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFace:
    """What a card shows of a post; `sharers` counts colleagues, `authors` are those who suggested it."""

    post_id: int
    state: PostState
    title: str
    summary: str = ""
    link: str = ""
    source: str = ""
    picture: str = ""
    curator: str = ""
    authors: tuple[str, ...] = ()
    sharers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedWording:
    """One wording box as typed; `network` is "" where it suits every network."""

    text: str = ""
    network: str = ""


_EMPTY = (TypedWording(),) * WORDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The post form as it was left, every value as typed; dates and times are those of the clocks in `zone`.

    `wordings` holds three boxes a language; `wording_language` is the one on show. `editions` counts how often a box
    was filled by us, `windows` holds the reference of each member's window, `trouble` why the page could not be read.
    """

    title: str = ""
    summary: str = ""
    link: str = ""
    picture: str = ""
    channels: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    language: str = ""
    wording_language: str = ""
    publish_on: str = ""
    publish_at: str = ""
    expires_on: str = ""
    expires_at: str = ""
    disclosure: str = ""
    zone: str = "UTC"
    source: str = ""
    source_link: str = ""
    trouble: str = ""
    wordings: Mapping[str, tuple[TypedWording, ...]] = field(default_factory=dict)
    editions: Mapping[str, int] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)

    def boxes(self, language: str) -> tuple[TypedWording, ...]:
        """Return the three boxes of one language."""
        return (*self.wordings.get(language, ()), *_EMPTY)[:WORDINGS]

    def window(self, member_id: int) -> str:
        """Return the reference of this member's window, "" if none was opened."""
        return self.windows.get(str(member_id), "")

    def in_window(self, member_id: int, ref: str) -> "Draft":
        """Return the draft as shown to this member in window `ref`."""
        return replace(self, windows={**self.windows, str(member_id): ref})

    def is_blank(self) -> bool:
        """Say whether nothing was typed that would be missed."""
        return not (self.title or self.summary or self.link or any(self.texts()))

    def texts(self) -> Iterator[str]:
        """Yield the wordings that are not empty."""
        return (box.text for boxes in self.wordings.values() for box in boxes if box.text.strip())


_PLAIN = tuple(one.name for one in fields(PostFields) if one.name != "post_id" and not one.name.startswith("wording_"))


def typed_by(draft: Draft, typed: PostFields, *, shown_language: str) -> Draft:
    """Return the draft with what the form now holds; its three boxes belong to `shown_language`."""
    language = shown_language or draft.wording_language
    boxes = tuple(
        TypedWording(text=text, network="" if network == ANY_NETWORK else network)
        for text, network in (
            (typed.wording_1, typed.wording_1_network),
            (typed.wording_2, typed.wording_2_network),
            (typed.wording_3, typed.wording_3_network),
        )
    )
    plain_values = {name: getattr(typed, name) for name in _PLAIN}
    changed = replace(draft, **plain_values, wordings={**draft.wordings, language: boxes})
    return show_language(changed, typed.wording_language or language) if language else changed


def show_language(draft: Draft, language: str) -> Draft:
    """Return the draft with the boxes of another language on show, which the platform must then draw anew."""
    if language == draft.wording_language:
        return draft
    return redrawn(replace(draft, wording_language=language), "wording")


def redrawn(draft: Draft, *names: str) -> Draft:
    """Return the draft with a new edition of these fields."""
    return replace(draft, editions={**draft.editions, **{name: draft.editions.get(name, 0) + 1 for name in names}})


def filled_from(draft: Draft, page: Page, *, languages: tuple[str, ...]) -> Draft:
    """Return the draft with what the page says of itself, never over anything that was typed."""
    found = {
        "title": shorten(page.title, MAX_TITLE),
        "summary": shorten(page.summary, MAX_SUMMARY),
        "picture": page.picture or "",
    }
    news: dict[str, Any] = {name: text for name, text in found.items() if text and not getattr(draft, name)}
    language = (page.language or "").replace("_", "-").partition("-")[0].lower()
    if language in languages and language != draft.language and not any(draft.texts()):
        news["language"] = language
    source: dict[str, Any] = {"source": page.site or "", "source_link": draft.link, "trouble": ""}
    filled = redrawn(replace(draft, **news, **source), *news)
    return show_language(filled, language) if "language" in news else filled


def write_draft(draft: Draft) -> dict[str, Any]:
    """Return the draft as it is kept."""
    return asdict(draft)


def read_draft(held: Mapping[str, Any]) -> Draft:
    """Return the draft that was kept; what is missing is empty."""
    known = {one.name for one in fields(Draft)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in held.items() if name in known
    }
    values["wordings"] = {
        language: tuple(TypedWording(**box) for box in boxes) for language, boxes in held.get("wordings", {}).items()
    }
    return Draft(**values)


def typed_time(at: datetime | None, zone: tzinfo) -> tuple[str, str]:
    """Return an instant as the boxes for day and time hold it, two empty texts for `None`."""
    if at is None:
        return "", ""
    local = at.astimezone(zone)
    return local.strftime("%Y-%m-%d"), local.strftime("%H:%M")


def in_zone(draft: Draft, zone: str) -> Draft:
    """Return the draft for a curator in another zone: the same instants, as their clocks show them."""
    if draft.zone == zone:
        return draft
    changes: dict[str, Any] = {"zone": zone}
    for name in ("publish", "expires"):
        typed = f"{getattr(draft, f'{name}_on')}T{getattr(draft, f'{name}_at')}"
        try:
            at = datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(draft.zone))
        except ValueError:  # what cannot be read stays as typed and is told at the review
            continue
        changes[f"{name}_on"], changes[f"{name}_at"] = typed_time(at, ZoneInfo(zone))
    return redrawn(replace(draft, **changes), "times")
