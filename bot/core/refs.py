"""References: how people name a suggestion ("S12") or a post ("P7"), or either by its bare number."""

import re
from dataclasses import dataclass

_REF = re.compile(r"#?(?P<kind>[SP]?)-?(?P<number>[0-9]{1,15})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A parsed reference: `kind` is "S", "P" or "" for a bare number."""

    kind: str
    number: int


def parse_ref(text: str) -> Ref | None:
    """Return what `text` names, or `None` if it is no reference."""
    found = _REF.fullmatch(text.strip())
    return Ref(kind=found["kind"].upper(), number=int(found["number"])) if found else None
