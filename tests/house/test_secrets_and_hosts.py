"""Nothing in the tree belongs to one machine or is a secret.

The patterns are put together from pieces, so that this file does not find itself.
"""

import re

import pytest

from tests.house.sources import ROOT, list_files


def joined(*pieces: str) -> str:
    """Return the pieces as one pattern."""
    return "".join(pieces)


PATTERNS = {
    "a registry's host": "|".join(
        (
            joined("py", r"pi\.org"),
            joined("python", r"hosted\.org"),
            joined("registry\\.", "npmjs"),
            joined(r"deb\.", "debian"),
            joined("--(extra-)?", "index-url "),
            joined("--find", "-links "),
        )
    ),
    "a path of one machine": "|".join(
        joined("(?<![\\w.:/-])/", folder, "/")
        for folder in ("work", "root", "farm", "Users/[a-z]+", "home/[a-z]+", "opt/pyp" + "i", "opt/whe" + "els")
    ),
    "a private key": joined("-----BEGIN ", "[A-Z ]*PRIVATE ", "KEY"),
    "a platform's token": joined("xox", r"[abeprs]-\d{9,}-|", "xapp", r"-1-A[A-Z0-9]{8,}-\d{9,}"),
    "a cloud's or code host's key": joined("AK", "IA[0-9A-Z]{16}|gh", "[pousr]_[A-Za-z0-9]{36}"),
}


def findings(text: str) -> list[str]:
    """Return "what: match" for each pattern that the text holds."""
    return [f"{what}: {hit.group()}" for what, pattern in PATTERNS.items() if (hit := re.search(pattern, text))]


def test_no_file_holds_a_secret_a_registry_or_a_local_path() -> None:
    found = {}
    for path in list_files():
        raw = path.read_bytes()
        if b"\0" not in raw and (hits := findings(raw.decode("utf-8"))):
            found[path.relative_to(ROOT).as_posix()] = hits
    assert found == {}


@pytest.mark.parametrize(
    "planted",
    [
        joined("https://py", "pi.org/simple"),
        joined("see /ro", "ot/.config/x"),
        joined("cd '/wo", "rk/x'"),
        joined("-----BEGIN RSA PRIVATE ", "KEY-----"),
        joined("SLACK_BOT_TOKEN=xox", "b-123456789012-abc"),
        joined("AK", "IA", "ABCDEFGHIJKLMNOP"),
    ],
)
def test_a_planted_one_is_found(planted: str) -> None:
    assert len(findings(planted)) == 1


def test_ordinary_text_is_left_alone() -> None:
    page = joined("https://example.org/wo", "rk/now")
    fine = f"xoxb-test, {page}, docs/home/page, --no-emit-index-url, the root/folder"
    assert findings(fine) == []
