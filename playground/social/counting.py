"""How long X and Mastodon take a text to be, written from their documents.

Sources: docs.x.com/fundamentals/counting-characters and twitter-text's configuration, version 3; Mastodon's
app/validators/status_length_validator.rb. Emoji are told by Unicode's blocks, characters by marks and joiners: an
odd cluster may be counted otherwise than there.
"""

import re
import unicodedata

LINK_LENGTH = 23
LIGHT = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
PICTURES = (
    (0x1F000, 0x1FAFF),
    (0x2600, 0x27BF),
    (0x2300, 0x23FF),
    (0x2B00, 0x2BFF),
    (0x2190, 0x21FF),
    (0x25A0, 0x25FF),
)
JOINER, AS_PICTURE, KEYCAP = "\u200d", "\ufe0f", "\u20e3"
FLAGS, TONES = (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF)
TAGS = (0xE0020, 0xE007F)
X_LINK = re.compile(
    r"(?<![\w@#$./-])(?:https?://[^\s<>\"]+|(?:[\w-]+\.)+(?:com|org|net|io|eu|nl|be|de|uk|dev)\b(?:/[^\s<>\"]*)?)",
    re.IGNORECASE,
)
MASTODON_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
MENTION = re.compile(r"(?<![\w/])@([\w.-]+)@[\w.-]+\w")


def clusters(text: str) -> list[str]:
    """Return the characters that a reader sees, each with its marks, joiners and tones."""
    found: list[str] = []
    for one in text:
        if found and _belongs(found[-1], one):
            found[-1] += one
        else:
            found.append(one)
    return found


def _belongs(before: str, one: str) -> bool:
    if before == "\r":
        return one == "\n"
    if unicodedata.category(before[-1]) in ("Cc", "Zl", "Zp"):
        return False
    is_mark = unicodedata.category(one) in ("Mn", "Me", "Mc") or one in (JOINER, AS_PICTURE, KEYCAP)
    is_pair = len(before) == 1 and _within(before, FLAGS) and _within(one, FLAGS)
    is_joined = before.endswith(JOINER) and len(before) > 1 and _is_picture(one)
    return is_mark or _within(one, TONES, TAGS) or is_pair or is_joined


def _within(one: str, *ranges: tuple[int, int]) -> bool:
    return any(low <= ord(one) <= high for low, high in ranges)


def _is_picture(one: str) -> bool:
    return _within(one, *PICTURES)


def weight_on_x(text: str) -> int:
    """Return the weight of a text: composed, links 23, emoji 2, the rest by code point."""
    text = unicodedata.normalize("NFC", text)
    bare, links = X_LINK.subn("", text)
    return links * LINK_LENGTH + sum(_weight(one) for one in clusters(bare))


def _weight(cluster: str) -> int:
    if _is_picture(cluster[0]) or (len(cluster) > 1 and cluster[-1] in (AS_PICTURE, KEYCAP)):
        return 2
    return sum(1 if _within(one, *LIGHT) else 2 for one in cluster)


def length_on_mastodon(text: str) -> int:
    """Return how many characters a reader sees, links 23, mentions without their server."""
    short = MENTION.sub(r"@\1", MASTODON_LINK.sub("x" * LINK_LENGTH, text))
    return len(clusters(short))
