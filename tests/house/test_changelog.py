"""The changelog keeps its form, so that people and programs can read it."""

import re
import tomllib

from tests.house.sources import ROOT

KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
RELEASE = re.compile(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}")


def mistakes(text: str) -> list[str]:
    """Return what is wrong with the changelog's form; an empty list if nothing is."""
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
    found = [] if heads[:1] == ["[Unreleased]"] else ["the first section is [Unreleased]"]
    found += [f"{head}: write [1.2.3] - 2026-01-31" for head in heads[1:] if not RELEASE.fullmatch(head)]
    found += [f"{kind}: one of {', '.join(sorted(KINDS))}" for kind in kinds if kind not in KINDS]
    body = text.partition("\n## ")[2].splitlines()[1:]
    found += [f"not a bullet: {line}" for line in body if line and not re.match(r"- |  |##|\[", line)]
    return found


def test_the_changelog_keeps_its_form() -> None:
    assert mistakes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) == []


def test_the_version_is_unreleased_or_the_newest_release() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    releases = RELEASE.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert not releases or releases[0] == version


def test_planted_mistakes_are_found() -> None:
    planted = "# Changelog\n\n## [1.0]\n\n### News\nsome prose\n\n## 0.9\n"
    assert len(mistakes(planted)) == 4
