"""Texts: how long a network takes them to be, shortening, putting them together, and taking out what does harm."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache

import regex

from bot.core.networks import NETWORKS, Counting

ELLIPSIS = "…"
# What X and Mastodon take any link to be (docs.x.com/fundamentals/counting-characters; Mastodon's instance API).
URL_LENGTH = 23
# Bluesky takes 300 graphemes and 3,000 bytes (lexicon app.bsky.feed.post).
_BLUESKY_BYTES_PER_GRAPHEME = 10

# Code points that X counts as 1 (twitter-text's configuration, version 3); all others count 2.
_X_LIGHT = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))

# Endings under which X takes words with a dot for a link though no "https://" stands before them: the countries' and
# the usual others. A rarer ending without a scheme is counted as it is written.
_COUNTRIES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs bt bw by bz ca "
    "cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr "
    "ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm "
    "jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq "
    "mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa "
    "re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn "
    "to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
_GENERAL = (
    "academy aero agency amsterdam app art audio bank bar berlin bio biz blog brussels build cafe capital care "
    "careers center chat city click clinic cloud club codes com community company consulting coop design dev "
    "digital earth eco edu education energy engineering events expert finance foundation frl gallery game games "
    "gent global gov green group guru health help house info institute insurance int international jobs land law "
    "legal link live london marketing media mil mobi museum name net network news one online org page paris photo "
    "photos pizza press pro report restaurant run school services shop site social software solar solutions space "
    "store studio support systems team tech tel tools top tours town travel tv university video vlaanderen web "
    "website work works world xyz zone"
)
_ENDING = "|".join(sorted({*_COUNTRIES.split(), *_GENERAL.split()}, key=lambda one: (-len(one), one)))
_LETTER = r"[0-9A-Za-z\p{Latin}\p{Cyrillic}]"
_LABEL = rf"{_LETTER}(?:(?:{_LETTER}|[_-]){{0,61}}{_LETTER})?"
_IN_PATH = rf"(?:{_LETTER}|[!*';:=+,.$/%#\[\]\-\u2013_~@|&])"
_IN_PARENTHESES = rf"\({_IN_PATH}*(?:\({_IN_PATH}*\))?{_IN_PATH}*\)"
_PATH = rf"/(?:(?:{_IN_PATH}|{_IN_PARENTHESES})*(?:{_LETTER}|[=_#/+\-]|{_IN_PARENTHESES}))?"
_QUERY = r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[A-Za-z0-9\-_&=#/]"
_X_LINK = regex.compile(
    rf"(?<![A-Za-z0-9@#$\uFF20\uFF03_./-])"
    rf"(?:(?P<scheme>https?://)(?:{_LABEL}\.)+(?P<any>[A-Za-z]{{2,63}})|(?:{_LABEL}\.)+(?:{_ENDING}))"
    rf"(?![0-9A-Za-z@+-])(?::\d+)?(?:{_PATH})?(?:{_QUERY})?",
    regex.IGNORECASE,
)
_KNOWN_ENDING = regex.compile(_ENDING, regex.IGNORECASE)
_MASTODON_LINK = regex.compile(r"https?://[^\s<>\"]+", regex.IGNORECASE)
_MASTODON_MENTION = regex.compile(r"(?<![\w/])@([\w.-]+)@[\w.-]+\w")
_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(
    r"\p{Emoji_Presentation}|\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3", regex.VERSION1
)
_AS_TEXT = "\ufe0e"  # the mark that asks for a sign instead of a picture
_CONTROLS = regex.compile(r"[\p{Cc}\p{Cs}--[\n]]|[\u202A-\u202E\u2066-\u2069\uFEFF\uFFF9-\uFFFB]", regex.VERSION1)
_NEWLINES = regex.compile(r"\r\n?|[\u0085\u2028\u2029\v\f]")
_CHAT_MENTION = regex.compile(r"<[@!#][^<>|\s]*(?:\|([^<>]*))?>")
_EVERYONE = regex.compile(r"(?<![\w@])@(here|channel|everyone|all)\b", regex.IGNORECASE)


def length_on(network: str, text: str) -> int:
    """Return the length of `text` as `network` counts it.

    X: weights, emoji 2, links 23, composed (NFC). Mastodon: graphemes, links 23, mentions without their server.
    Bluesky: graphemes, or a tenth of the bytes where that is more. Threads: characters, emoji by their bytes. Others:
    UTF-16 units, as their pages count.
    """
    match NETWORKS[network].counting:
        case Counting.X:
            return _length_on_x(unicodedata.normalize("NFC", text))
        case Counting.MASTODON:
            return count_graphemes(_MASTODON_MENTION.sub(r"@\1", _MASTODON_LINK.sub("x" * URL_LENGTH, text)))
        case Counting.GRAPHEMES:
            size = len(text.encode("utf-8", "surrogatepass"))
            return max(count_graphemes(text), -(-size // _BLUESKY_BYTES_PER_GRAPHEME))
        case Counting.THREADS:
            return sum(_size_on_threads(one) for one in _GRAPHEME.findall(text))
        case Counting.CHARACTERS:
            return _units(text)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _size_on_threads(character: str) -> int:
    """Return what a character takes of the 500: an emoji its bytes in UTF-8 (Meta's page on Threads posts)."""
    return len(character.encode("utf-8", "surrogatepass")) if _is_emoji(character) else _units(character)


def count_graphemes(text: str) -> int:
    """Return how many characters a reader sees."""
    return sum(1 for _ in _GRAPHEME.finditer(text))


def _length_on_x(text: str) -> int:
    total, done = 0, 0
    for found in _X_LINK.finditer(text):
        weight = URL_LENGTH
        if found["scheme"] and _KNOWN_ENDING.fullmatch(found["any"]) is None:
            weight = max(weight, _weight(found[0]))  # an ending that X may not know: then it counts what is written
        total += _weight(text[done : found.start()]) + weight
        done = found.end()
    return total + _weight(text[done:])


def _weight(text: str) -> int:
    """Return the weight of words without links: 2 for an emoji however it is put together, else by code point."""
    if text.isascii():
        return len(text)
    return sum(2 if _is_emoji(one) else _points_weight(one) for one in _GRAPHEME.findall(text))


def _is_emoji(character: str) -> bool:
    return _AS_TEXT not in character and _EMOJI.search(character) is not None


def _points_weight(text: str) -> int:
    return sum(1 if any(low <= ord(one) <= high for low, high in _X_LIGHT) else 2 for one in text)


def compose_text(disclosure: str, text: str, link: str | None, network: str) -> str:
    """Return the whole text to publish: disclosure, the member's words, the link where the network has it in the text.

    A blank line stands between the parts; what the member has already written at the start (the disclosure) or
    anywhere (the link) is not repeated. Composing the result again changes nothing.
    """
    words = plain(text).strip()
    disclosure = plain(disclosure).strip()
    if disclosure and not starts_with(words, disclosure):
        words = f"{disclosure}\n\n{words}".strip()
    if link and NETWORKS[network].link_in_text and link not in words.split():
        words = f"{words}\n\n{link}".strip()
    return words


def starts_with(text: str, disclosure: str) -> bool:
    """Say whether `text` begins with the disclosure, as words of its own, however its letters are written."""
    start, rest = text[: len(disclosure)], text[len(disclosure) :]
    return start.casefold() == disclosure.casefold() and not rest[:1].isalnum()


def room_left(network: str, text: str, *, disclosure: str, link: str | None, limit: int | None = None) -> int | None:
    """Return how much more fits, below 0 if it is too much, `None` where nothing limits it.

    `limit` is the member's instance's own where it has one, in the network's counting.
    """
    most = limit if limit is not None else NETWORKS[network].limit
    return None if most is None else most - length_on(network, compose_text(disclosure, text, link, network))


def shorten(text: str, limit: int, *, measure: Callable[[str], int] = len) -> str:
    """Return `text` if it measures at most `limit`, else its beginning up to a word's end and "…", never more.

    A character that a reader sees as one is never cut through; a word longer than half of the room is cut.
    """
    if not text or measure(text) <= limit:
        return text
    ends = [0, *(found.end() for found in _GRAPHEME.finditer(text))]
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _fits(text[: ends[middle]], limit, measure) else (low, middle - 1)
    kept = text[: ends[low]]
    at_word = kept if text[ends[low]].isspace() else _to_word_end(kept, ends[low] // 2)
    # A shorter text may measure more (a whole link where half a one stood), so both are measured.
    return next((one + ELLIPSIS for one in (at_word.rstrip(), kept) if _fits(one, limit, measure)), "")


def _fits(kept: str, limit: int, measure: Callable[[str], int]) -> bool:
    return measure(kept + ELLIPSIS) <= limit


def _to_word_end(text: str, least: int) -> str:
    """Return `text` without its last, broken word, unless less than `least` would be left of it."""
    for place in range(len(text) - 1, max(least, 1) - 1, -1):
        if text[place].isspace():
            return text[:place]
    return text


@lru_cache(maxsize=100)
def hashtag(words: str) -> str:
    """Return `words` as the part of a hashtag after "#": letters and digits only, each word with a capital."""
    return "".join(word[0].upper() + word[1:] for word in regex.findall(r"[\p{L}\p{N}\p{M}]+", words))


def plain(text: str) -> str:
    """Return `text` without controls, surrogates and marks that turn the reading direction of others' words.

    Line ends become "\\n", tabs a blank; joiners inside emoji and scripts, and letters of any script, stay.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _NEWLINES.sub("\n", text).replace("\t", " "))


def without_mentions(text: str) -> str:
    """Return `text` with a platform's mentions as plain words, so that repeating it calls nobody."""
    return _EVERYONE.sub(r"\1", _CHAT_MENTION.sub(lambda found: found[1] or "", text))
