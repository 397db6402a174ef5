"""LinkedIn's "little text", read as LinkedIn reads it.

Source: learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format. What it does with a
reserved character that is not escaped is nowhere documented; it cuts the text there and reports success
(github.com/brightbeanxyz/brightbean-studio/pull/121).
"""

import re

RESERVED = frozenset("\\|{}@[]()<>#*_~")
TOKENS = (
    (re.compile(r"@\[((?:[^\\\[\]]|\\.)+)\] ?\(urn:li:(?:person|organization):[\w-]+\)", re.DOTALL), r"{}"),
    (re.compile(r"\{hashtag\|\\?[#\uff03]\|((?:[^\\|{}]|\\.)+)\}", re.DOTALL), r"#{}"),
    (re.compile(r"#([^\W_]+)"), r"#{}"),
)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_little(commentary: str) -> str:
    """Return what readers see: the text up to the first reserved character that is neither escaped nor in a token."""
    seen, at = [], 0
    while at < len(commentary):
        told, after = _next(commentary, at)
        if after == at:
            break
        seen.append(told)
        at = after
    return "".join(seen)


def _next(commentary: str, at: int) -> tuple[str, int]:
    """Return the next piece that readers see and where it ends, which is where it begins if nothing follows."""
    one = commentary[at]
    if one not in RESERVED:
        return one, at + 1
    if one == "\\":
        is_pair = commentary[at + 1 : at + 2] in RESERVED and at + 1 < len(commentary)
        return (commentary[at + 1], at + 2) if is_pair else ("", at)
    for token, shown in TOKENS:
        if found := token.match(commentary, at):
            return shown.format(ESCAPED.sub(r"\1", found[1])), found.end()
    return "", at
