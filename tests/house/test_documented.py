"""What can be set, said or run is documented, and every link in the documentation leads somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typer.main import get_command

from bot.cli import command_line
from bot.config import Config
from bot.core.commands import COMMANDS
from bot.web.metrics import Counts
from bot.web.tallies import Tallies
from tests.house.sources import ROOT, list_files, read_source

DOCS = ROOT / "docs"
PAGES = sorted(path for path in list_files() if path.suffix == ".md")
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NAMED_IN_CODE = re.compile(r"docs/[\w/-]+\.md(?:#[\w-]+)?")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def text_of(*names: str) -> str:
    """Return what the pages say, one after the other."""
    return "\n".join((DOCS / name).read_text(encoding="utf-8") for name in names)


def slug_of(heading: str) -> str:
    """Return the anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def anchors_of(page: Path) -> set[str]:
    """Return every anchor of a page."""
    return {slug_of(one) for one in HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))}


def parts_in(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:  # noqa: ANN401 - any annotation of pydantic's
    """Yield each part of the configuration in an annotation, with what stands between it and its key."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
        return
    shown = str(annotation)
    between = "[]" if shown.startswith(("tuple", "typing.Annotated[tuple")) else ".<name>" if "Mapping" in shown else ""
    for one in get_args(annotation):
        yield from ((between + rest, part) for rest, part in parts_in(one))


def keys_of(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield every key that holds a value, written as the documentation writes it: `channels[].board.day`."""
    for name, field in model.model_fields.items():
        parts = list(parts_in(field.annotation))
        if not parts:
            yield f"{before}{name}"
        for between, part in parts:
            yield from keys_of(part, f"{before}{name}{between}.")


# Keys whose page says them once for several places: "`roles.curators`, `roles.admins` … `….ids`", "`name` … `group`".
SAID_TOGETHER = {"roles.": ("roles.curators", "roles.admins", "….{}"), "teams[].": ("{}",)}


def wanted_for(key: str) -> tuple[str, ...]:
    """Return what the page must hold for a key."""
    for start, forms in SAID_TOGETHER.items():
        if key.startswith(start):
            return tuple(form.format(key.rpartition(".")[2]) for form in forms)
    return (key,)


@pytest.mark.parametrize("key", sorted(keys_of(Config)))
def test_every_key_is_documented(key: str) -> None:
    page = text_of("configuration.md")
    assert [one for one in wanted_for(key) if f"`{one}`" not in page] == []


def test_the_keys_are_found_in_the_model_at_all() -> None:
    found = set(keys_of(Config))
    assert {"company.sponsor.word", "channels[].board.time", "networks.<name>.enabled", "points[].version"} <= found
    assert {"roles.admins.groups", "teams[].group", "time_zone"} <= found


@pytest.mark.parametrize("section", sorted(Config.model_fields))
def test_every_section_has_the_anchor_that_error_messages_name(section: str) -> None:
    assert section.replace("_", "-") in anchors_of(DOCS / "configuration.md")


def environment_variables() -> set[str]:
    """Return every name that `bot/environment.py` reads from the environment."""
    tree = read_source("bot/environment.py").tree
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {one for one in texts if re.fullmatch(r"[A-Z]+(?:_[A-Z]+)+", one)}


def test_every_environment_variable_is_documented() -> None:
    names = environment_variables()
    assert {"VOUCH_DATA", "SLACK_BOT_TOKEN", "TRUSTED_PROXIES"} <= names
    page = text_of("configuration.md")
    assert sorted(name for name in names if f"| `{name}` |" not in page) == []


@pytest.mark.parametrize("word", sorted(COMMANDS))
def test_every_word_is_documented_with_its_usage(word: str) -> None:
    line = f"/vouch {word} {COMMANDS[word].usage}".strip().replace("|", "\\|")
    assert f"`{line}`" in text_of("commands.md")


def commands_of(group: Any, before: str = "vouch") -> Iterator[str]:  # noqa: ANN401 - click's own
    """Yield every command of the command line."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


@pytest.mark.parametrize("command", sorted(commands_of(get_command(command_line()))))
def test_every_command_of_the_operator_is_documented(command: str) -> None:
    assert f"`{command}`" in text_of("operations.md", "install.md")


class NoVisits:
    """A recorder that has nothing to say."""

    lost = 0

    def journal_size(self) -> int:
        return 0


def metric_names() -> set[str]:
    """Return the name of everything that is counted, as Prometheus shows it."""
    counts = Counts(Tallies(), NoVisits())  # type: ignore[arg-type]  # only its size and losses are asked
    counts.jobs = dict.fromkeys(("due", "held_back", "waiting", "running", "failed", "uncertain"), 0)
    return {one.name + ("_total" if one.type == "counter" else "") for one in counts.collect()}


def test_every_metric_is_documented_and_every_documented_one_is_there() -> None:
    names = metric_names()
    assert set(re.findall(r"`(vouch_[a-z_]+)`", text_of("operations.md"))) == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    dead = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    assert dead == []


def test_every_page_that_code_and_messages_name_is_there() -> None:
    kinds = {".py", ".yaml", ".toml", ".po", ".sh"}
    texts = [path.read_text(encoding="utf-8") for path in list_files() if path.suffix in kinds]
    named = {one for text in texts for one in NAMED_IN_CODE.findall(text)} - {"docs/x.md"}
    dead = []
    for one in sorted(named):
        page, _, anchor = one.partition("#")
        if not (ROOT / page).exists() or (anchor and anchor not in anchors_of(ROOT / page)):
            dead.append(one)
    assert dead == []


def test_every_page_is_reached_from_the_first_one() -> None:
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists() or page.suffix != ".md":
            continue
        reached.add(page)
        links = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        waiting += [
            (page.parent / link.partition("#")[0]).resolve() for link in links if not re.match(r"[a-z]+:", link)
        ]
    below = {page.resolve() for page in DOCS.rglob("*.md")}
    assert sorted(page.relative_to(ROOT).as_posix() for page in below - reached) == []
