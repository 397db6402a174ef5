"""Drafting a share: what fills the box of its window, what a typed text is, and how much of it is too much."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from bot.core.texts import plain, room_left
from bot.core.wordings import OWN_WORDS_BELOW, Wording, is_own_words, next_wording, similarity, wordings_for

INSPIRATION = 3
MAX_TYPED = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What fills a box: a wording (`text` is its own) in `language`, or nothing, with others beside as inspiration."""

    text: str = ""
    wording_id: int | None = None
    language: str | None = None
    inspiration: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What counts with a member's words on a network: the disclosure before them and the link after them.

    `limit` is that of the member's own instance, where they have one.
    """

    network: str
    disclosure: str
    link: str
    limit: int | None = None


def fill(wordings: Sequence[Wording], used_ids: Collection[int], *, network: str, languages: Sequence[str]) -> Filling:
    """Return a wording in one of `languages` that nobody uses yet, or else an empty box with others beside it."""
    chosen = next_wording(wordings, used_ids, network=network, languages=languages)
    if chosen is not None:
        return Filling(text=chosen.text, wording_id=chosen.wording_id, language=chosen.language)
    return Filling(inspiration=ideas(wordings, network=network, languages=languages))


def ideas(wordings: Sequence[Wording], *, network: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of at most `INSPIRATION` wordings to stand beside an empty box, what the member reads first."""
    return tuple(one.text for one in wordings_for(wordings, network=network, languages=languages)[:INSPIRATION])


def is_untouched(text: str, wording_id: int | None, wordings: Iterable[Wording], *, lines: Iterable[str] = ()) -> bool:
    """Say whether the box still holds just the wording that it was filled with, or nothing.

    One of the disclosure `lines` may stand before it; anything else is what somebody typed.
    """
    words = text.strip()
    line = next((one for one in lines if one and words.startswith(one)), "")
    words = words.removeprefix(line).strip()
    return not words or any(one.wording_id == wording_id and words == as_typed(one.text) for one in wordings)


def source_of(text: str, wordings: Iterable[Wording]) -> int | None:
    """Return the wording that a text is still (nearly) the same as, or `None`."""
    likeness = [(similarity(text, one.text), one.wording_id) for one in wordings]
    best, wording_id = max(likeness, default=(0.0, 0))
    return wording_id if text.strip() and best >= OWN_WORDS_BELOW else None


def in_own_words(text: str, *, disclosure: str, wordings: Iterable[Wording], colleagues: Iterable[str]) -> bool:
    """Say whether a typed text counts as the member's own words; a disclosure at its start is not among them."""
    words = text.strip().removeprefix(disclosure).strip()
    return is_own_words(words, wordings=[one.text for one in wordings], colleagues=colleagues)


def mark_of(text: str) -> str:
    """Return the mark of a text, by which it is known again."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def as_typed(text: str) -> str:
    """Return a typed text as it is kept: without what does harm, and no longer than any network takes."""
    return plain(text).strip()[:MAX_TYPED]


def room_for(sizes: Sizes) -> int | None:
    """Return how many characters of their own a member has, `None` where nothing limits them."""
    room = room_left(sizes.network, "x", disclosure=sizes.disclosure, link=sizes.link, limit=sizes.limit)
    return None if room is None else room + 1


def too_many(text: str, sizes: Sizes) -> int:
    """Return by how many characters, as the network counts, a text is too long; 0 if it fits."""
    room = room_left(sizes.network, text, disclosure=sizes.disclosure, link=sizes.link, limit=sizes.limit)
    return 0 if room is None else max(-room, 0)
