"""LinkedIn's "little text", in which the words of a post are written: escaping, and reading it back.

Grammar and reserved characters: learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/
little-text-format. A reserved character that is not escaped cuts the text there, and the API reports success.
"""

import regex

RESERVED = "\\|{}@[]()<>#*_~"

# `HashtagElement ::= '#' SINGLE_WORD` is the one element that is left as it is, so it stays a hashtag. It stands at the
# start of a word, has a letter, and ends where no "_" follows, which would have to be escaped within it.
_TAG = r"(?<![\p{L}\p{M}\p{N}_/&=?#%@\\])#(?=[\p{N}\p{M}]*+\p{L})[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+(?!_)"
_ESCAPABLE = regex.compile(rf"({_TAG})|([{regex.escape(RESERVED)}])")
# LinkedIn gives a hashtag back as a template: {hashtag|\#|word}
_WRITTEN = regex.compile(r"\{hashtag\|\\?([#\uFF03])\|((?:[^\\{}|]|\\.)*)\}|\\(.)", regex.DOTALL)
_ESCAPE = regex.compile(r"\\(.)", regex.DOTALL)


def escape_commentary(text: str) -> str:
    """Return `text` so that readers see exactly it; hashtags stay hashtags, mentions become plain words."""
    return _ESCAPABLE.sub(lambda found: found[1] or f"\\{found[2]}", text)


def unescape_commentary(commentary: str) -> str:
    """Return what readers see of `commentary`, as we send it or as LinkedIn gives it back."""
    return _WRITTEN.sub(_read, commentary)


def _read(found: regex.Match[str]) -> str:
    return found[3] or found[1] + _ESCAPE.sub(r"\1", found[2])
