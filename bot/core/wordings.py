"""Which wording comes next, how alike two texts are, and what counts as a member's own words."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

OWN_WORDS_LENGTH = 60
OWN_WORDS_BELOW = 0.8

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HASHTAG = re.compile(r"#\w+")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A suggested text of a post; `network` is `None` where it suits every network."""

    wording_id: int
    text: str
    language: str
    network: str | None = None


def next_wording(
    wordings: Sequence[Wording], used_ids: Collection[int], *, network: str, languages: Sequence[str]
) -> Wording | None:
    """Return the wording to fill a share window with, or `None` when all that suit have been used by someone.

    Only those in the first of `languages` that there are any in, so that nobody is handed words they cannot read; one
    made for the network before one for every network; then in the order given.
    """
    pool = wordings_for(wordings, network=network, languages=languages)
    spoken = _place(pool[0], languages) if pool else len(languages)
    if spoken == len(languages):
        return None
    read = (one for one in pool if _place(one, languages) == spoken)
    return next((one for one in read if one.wording_id not in used_ids), None)


def wordings_for(wordings: Sequence[Wording], *, network: str, languages: Sequence[str]) -> list[Wording]:
    """Return all wordings for a network, those in `languages` first and in their order, then the network's own first.

    They stand beside the empty box when none is left to fill it with.
    """
    fitting = [one for one in wordings if one.network in {None, network}]
    return sorted(fitting, key=lambda one: (_place(one, languages), one.network is None))


def _place(wording: Wording, languages: Sequence[str]) -> int:
    known = [_primary(one) for one in languages]
    language = _primary(wording.language)
    return known.index(language) if language in known else len(known)


@lru_cache(maxsize=100)
def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def similarity(a: str, b: str) -> float:
    """Return how alike two texts are, from 0 to 1; the same both ways, 1 for texts that differ in nothing that counts.

    Case, white space, punctuation, links, hashtags and the order of words do not count.
    """
    return _alike(_bare(a), _bare(b))


def closest(text: str, others: Iterable[str]) -> float:
    """Return the similarity of `text` with the one of `others` that it is most like; 0 where there are none."""
    bare = _bare(text)
    return max((_alike(bare, _bare(other)) for other in others), default=0.0)


def is_own_words(
    text: str,
    *,
    wordings: Iterable[str],
    colleagues: Iterable[str],
    min_length: int = OWN_WORDS_LENGTH,
    below: float = OWN_WORDS_BELOW,
) -> bool:
    """Say whether `text` earns the points for own words.

    It has `min_length` characters without links and hashtags, and is less than `below` like any of the post's
    wordings and like what colleagues have written. Give it the member's words without the disclosure line.
    """
    if own_length(text) < min_length:
        return False
    bare = _bare(text)
    return all(_alike(bare, _bare(other)) < below for texts in (wordings, colleagues) for other in texts)


def own_length(text: str) -> int:
    """Return how many characters of `text` are words: links, hashtags and doubled white space do not count."""
    return len(" ".join(_HASHTAG.sub(" ", _LINK.sub(" ", text)).split()))


def _bare(text: str) -> str:
    """Return what of a text is compared: its words in small letters, one blank between them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_WORD.sub(" ", _HASHTAG.sub(" ", _LINK.sub(" ", folded))).strip()


def _alike(a: str, b: str) -> float:
    if a == b:
        return 1.0
    if not a or not b:
        return 0.0
    return max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b)) / 100
