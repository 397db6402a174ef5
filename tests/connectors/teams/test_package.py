"""The app package is what Teams takes: by Microsoft's own schemas, by its caps, and by what its upload asks beyond."""

import io
import json
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from jsonschema import Draft4Validator, FormatChecker
from PIL import Image

from bot.core.actions import Action, FindPosts, ShowHelp, SuggestMessage
from bot.core.commands import COMMANDS, parse_command
from bot.core.people import Role
from bot.i18n.translator import languages, words_for
from connectors.chat.teams import package as p
from connectors.chat.teams.decode import see
from tests.conftest import NODE_MODULES
from tools.draw_icons import color_icon, outline_icon

APP_ID = "7d0f5b52-5f8e-4d1c-9a53-0f3b6f2c9a11"
APP = p.App(
    app_id=APP_ID,
    version="1.0.0",
    company="Brightwater",
    page="https://brightwater.example/social-media-policy",
    public_url="https://vouch.brightwater.example:8443",
    menu={one: {word: words_for(one, "UTC").text(f"help.word_{word}") for word in p.MENU} for one in languages()},
)
TOLD = {has_slash: p.manifest(APP, has_slash=has_slash) for has_slash in (False, True)}
BOTH = pytest.mark.parametrize("has_slash", [False, True], ids=["base", "slash"])
SCHEMAS = NODE_MODULES / "@microsoft" / "app-manifest" / "build" / "json-schemas" / "teams"

FORMATS = FormatChecker(formats=())


@FORMATS.checks("uri", raises=ValueError)
def is_uri(value: object) -> bool:
    """Say whether a text is an absolute URI; the only format that the schemas ask for."""
    parts = urlsplit(str(value))
    return bool(parts.scheme and parts.netloc)


def complaints(told: dict[str, Any], kind: str = "") -> list[str]:
    """Return what Microsoft's schema, of the version that `$schema` names, says against a manifest or translation."""
    version = told["$schema"].split("/")[-2]
    schema = json.loads((SCHEMAS / version / f"MicrosoftTeams{kind}.schema.json").read_text(encoding="utf-8"))
    found = Draft4Validator(schema, format_checker=FORMATS).iter_errors(told)
    return [f"{error.json_path}: {error.message}" for error in found]


def opened(package: bytes) -> zipfile.ZipFile:
    """Return a package, opened."""
    return zipfile.ZipFile(io.BytesIO(package))


def lists_of(told: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield each command list with its words."""
    for one in told["bots"][0]["commandLists"]:
        yield one, [command["title"] for command in one["commands"]]


@pytest.mark.node
@BOTH
def test_microsofts_schema_takes_the_manifest(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    assert TOLD[has_slash]["manifestVersion"] == ("1.29" if has_slash else "1.25")
    assert TOLD[has_slash]["$schema"].endswith(f"/v{TOLD[has_slash]['manifestVersion']}/MicrosoftTeams.schema.json")
    assert complaints(TOLD[has_slash]) == []


@pytest.mark.node
@BOTH
def test_microsofts_schema_takes_every_translation(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    archive = opened(p.package(APP, has_slash=has_slash))
    translated = [one["file"] for one in TOLD[has_slash]["localizationInfo"]["additionalLanguages"]]
    assert translated == ["nl.json"]
    for name in translated:
        assert complaints(json.loads(archive.read(name)), ".Localization") == []


@pytest.mark.node
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "not-a-guid"),
        ("$schema", "//v1.25/MicrosoftTeams.schema.json"),
        ("colour", "#1f3a5f"),
        ("accentColor", "blue"),
        ("developer.privacyUrl", "ftp://brightwater.example"),
        ("description.short", "x" * 81),
        ("bots.0.supportsTargetedMessages", True),
        ("bots.0.commandLists.0.triggers", ["mention", "slash"]),
        ("composeExtensions.0.commands.0.title", "x" * 33),
    ],
)
def test_the_schema_is_really_asked(path: str, value: object) -> None:
    told: Any = deepcopy(TOLD[False])
    *way, last = path.split(".")
    place = told
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    assert len(complaints(told)) == 1


@BOTH
def test_the_caps_are_kept(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    told = TOLD[has_slash]
    assert len(told["developer"]["name"]) <= p.MAX_DEVELOPER
    assert len(told["name"]["short"]) <= p.MAX_SHORT_NAME
    assert len(told["name"]["full"]) <= p.MAX_FULL_NAME
    (bot,), (extension,) = told["bots"], told["composeExtensions"]
    assert len(bot["commandLists"]) <= 3
    for one, words in lists_of(told):
        assert 0 < len(words) <= p.MAX_MENU
        assert max(map(len, words)) <= p.MAX_MENU_TITLE
        assert max(len(command["description"]) for command in one["commands"]) <= p.MAX_MENU_DESCRIPTION
    for command in extension["commands"]:
        assert len(command["title"]) <= p.MAX_EXTENSION_TITLE
        assert len(command["description"]) <= p.MAX_EXTENSION_DESCRIPTION


@pytest.mark.parametrize("language", sorted(p.TEXTS))
def test_the_caps_are_kept_in_every_language(language: str) -> None:
    texts = p.TEXTS[language]
    assert len(texts.short) <= p.MAX_SHORT_DESCRIPTION
    assert len(texts.full) <= p.MAX_FULL_DESCRIPTION
    assert max(map(len, (texts.suggest, texts.find, texts.words))) <= p.MAX_EXTENSION_TITLE
    assert max(map(len, (texts.suggest_says, texts.find_says, texts.words_says))) <= p.MAX_EXTENSION_DESCRIPTION


def test_the_app_speaks_every_language_that_vouch_speaks() -> None:
    assert set(p.TEXTS) == set(languages())


@pytest.mark.parametrize("language", sorted(p.TEXTS))
def test_the_message_action_is_called_what_the_bot_calls_it(language: str) -> None:
    assert p.TEXTS[language].suggest in words_for(language, "UTC").text("home.suggest")


@pytest.mark.parametrize(
    "company", ["B", "Brightwater Water and Light Company of the North-East Ltd", "水" * 80, "👩‍🚀" * 20]
)
def test_a_long_company_name_is_shortened_for_the_developer(company: str) -> None:
    name = p.manifest(replace(APP, company=company), has_slash=False)["developer"]["name"]
    assert 0 < len(name) <= p.MAX_DEVELOPER
    assert name[0] == company[0]


@BOTH
def test_every_word_of_the_menus_is_understood_and_for_everyone(has_slash: bool) -> None:  # noqa: FBT001 - a row
    for _, words in lists_of(TOLD[has_slash]):
        for word in words:
            asked = parse_command(word)
            assert not (isinstance(asked, ShowHelp) and (asked.unknown or word != "help")), word
            assert COMMANDS[word].right is Role.MEMBER


def test_the_personal_menu_has_every_word_for_members_but_those_that_are_typed_once() -> None:
    ((personal, words), _) = lists_of(TOLD[False])
    assert personal["scopes"] == ["personal"]
    assert set(words) == {one.word for one in COMMANDS.values() if one.right is Role.MEMBER} - {"join", "pair", "setup"}


@BOTH
def test_a_channels_menu_offers_no_word_that_would_tell_others_of_oneself(has_slash: bool) -> None:  # noqa: FBT001
    said_aloud = [
        words
        for one, words in lists_of(TOLD[has_slash])
        if "team" in one["scopes"] and one.get("triggers", ["mention"]) == ["mention"]
    ]
    assert said_aloud == [["suggest", "leaderboard", "help"]]


def test_slash_commands_are_offered_where_teams_has_them_and_only_in_the_newer_manifest() -> None:
    (slash,) = [(one, words) for one, words in lists_of(TOLD[True]) if "slash" in one["triggers"]]
    assert slash[0]["scopes"] == ["team", "groupChat"], "there are none in a personal chat"
    assert slash[1] == list(p.MENU)
    assert TOLD[True]["bots"][0]["supportsTargetedMessages"] is True
    assert "triggers" not in json.dumps(TOLD[False])
    assert "supportsTargetedMessages" not in TOLD[False]["bots"][0]


@BOTH
def test_an_app_for_teams_says_so_of_channels_as_the_upload_asks(has_slash: bool) -> None:  # noqa: FBT001 - a row
    assert "team" in TOLD[has_slash]["bots"][0]["scopes"]
    assert TOLD[has_slash]["supportsChannelFeatures"] == "tier1"


@BOTH
def test_no_consent_is_asked_for_and_nobody_signs_in(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    assert not {"authorization", "permissions", "webApplicationInfo", "devicePermissions"} & TOLD[has_slash].keys()


@BOTH
def test_the_ids_and_addresses_are_the_installations_own(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    told = TOLD[has_slash]
    assert {told["id"], told["bots"][0]["botId"], told["composeExtensions"][0]["botId"]} == {APP_ID}
    assert {told["developer"][name] for name in ("websiteUrl", "privacyUrl", "termsOfUseUrl")} == {APP.page}
    assert told["validDomains"] == ["vouch.brightwater.example"]


def test_the_message_action_opens_a_window_and_the_search_takes_words() -> None:
    suggest, find = TOLD[False]["composeExtensions"][0]["commands"]
    assert (suggest["id"], suggest["type"], suggest["context"]) == ("suggest_this", "action", ["message"])
    assert suggest["fetchTask"] is True
    assert (find["id"], find["type"], find["context"]) == ("find_posts", "query", ["compose", "commandBox"])
    assert [one["name"] for one in find["parameters"]] == ["words"]
    assert find["initialRun"] is True


def asked(**activity: Any) -> Action | None:  # noqa: ANN401 - JSON
    """Return what the decoder makes of an activity of somebody in a personal chat."""
    place = {"id": "a:1", "conversationType": "personal", "tenantId": "t"}
    whole = {"id": "1", "from": {"id": "29:1"}, "conversation": place, "serviceUrl": "https://smba.example/"}
    seen = see(whole | activity)
    assert seen is not None
    return seen.read()


def test_the_decoder_understands_what_the_manifest_offers() -> None:
    suggest, find = TOLD[False]["composeExtensions"][0]["commands"]
    fetched = {"commandId": suggest["id"], "messagePayload": {"body": {"content": "https://example.com"}}}
    assert isinstance(asked(type="invoke", name="composeExtension/fetchTask", value=fetched), SuggestMessage)
    typed = [{"name": find["parameters"][0]["name"], "value": "water"}]
    queried = {"commandId": find["id"], "parameters": typed}
    assert asked(type="invoke", name="composeExtension/query", value=queried) == FindPosts(words="water")
    first = {"commandId": find["id"], "parameters": [{"name": "initialRun", "value": "true"}]}
    assert asked(type="invoke", name="composeExtension/query", value=first) == FindPosts()
    for word in p.MENU:
        assert asked(type="message", text=word) == parse_command(word)


@BOTH
def test_a_translation_names_only_places_that_are_there(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    english = flat(TOLD[has_slash])
    told = p.translation(APP, "nl", has_slash=has_slash)
    places = told.keys() - {"$schema"}
    assert places <= english.keys()
    shown = {one for one in english if one.endswith(("].description", ".short", ".full"))} - {"name.full"}
    assert shown <= places, "what people read is translated"
    assert told["bots[0].commandLists[0].commands[0].description"] == APP.menu["nl"]["suggest"]
    assert not any(place.endswith("title") and "commandLists" in place for place in places), "words to type stay"


def flat(told: Any, before: str = "") -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return every text of a manifest by its place, as a translation writes it: `bots[0].commandLists[0]…`."""
    if isinstance(told, dict):
        inner = {f"{before}.{name}" if before else name: value for name, value in told.items()}
    elif isinstance(told, list):
        inner = {f"{before}[{at}]": value for at, value in enumerate(told)}
    else:
        return {before: told}
    return {place: text for name, value in inner.items() for place, text in flat(value, name).items()}


@BOTH
def test_the_zip_holds_the_manifest_and_what_it_names_at_its_root(has_slash: bool) -> None:  # noqa: FBT001 - a row
    archive = opened(p.package(APP, has_slash=has_slash))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == ["color.png", "manifest.json", "nl.json", "outline.png"]
    raw = archive.read("manifest.json")
    assert json.loads(raw) == TOLD[has_slash]
    assert raw.startswith(b"{"), "no byte-order mark"
    for entry in archive.infolist():
        assert (entry.date_time, entry.compress_type) == ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED)
        assert entry.external_attr >> 16 == 0o644


@BOTH
def test_the_same_app_gives_the_same_bytes(has_slash: bool) -> None:  # noqa: FBT001 - a row of a table
    first = p.package(APP, has_slash=has_slash)
    shuffled = replace(APP, menu={one: dict(reversed(APP.menu[one].items())) for one in reversed(APP.menu)})
    assert p.package(shuffled, has_slash=has_slash) == first
    assert p.package(replace(APP, version="1.0.1"), has_slash=has_slash) != first


def icon(name: str) -> Image.Image:
    """Return an icon of the package."""
    image = Image.open(io.BytesIO(opened(p.package(APP, has_slash=False)).read(name)))
    assert image.format == "PNG"
    return image.convert("RGBA")


def test_the_color_icon_is_solid_with_its_symbol_where_nothing_is_cropped() -> None:
    image = icon("color.png")
    assert image.size == (p.COLOR_ICON, p.COLOR_ICON)
    pixels = np.asarray(image)
    assert (pixels[:, :, 3] == 255).all(), "Teams rounds the corners itself"
    rows, columns = np.nonzero((pixels[:, :, :3] != pixels[0, 0, :3]).any(axis=2))
    edge = (p.COLOR_ICON - 96) // 2
    assert edge <= rows.min() < rows.max() < p.COLOR_ICON - edge
    assert edge <= columns.min() < columns.max() < p.COLOR_ICON - edge
    assert "#{:02x}{:02x}{:02x}".format(*pixels[0, 0, :3]) == TOLD[False]["accentColor"]


def test_the_outline_icon_is_white_on_nothing_without_padding() -> None:
    image = icon("outline.png")
    assert image.size == (p.OUTLINE_ICON, p.OUTLINE_ICON)
    pixels = np.asarray(image)
    covered = pixels[:, :, 3]
    assert (pixels[covered > 0][:, :3] == 255).all()
    assert (covered == 0).mean() > 0.5
    assert (covered == 255).mean() > 0.1, "there is something to see"
    _, columns = np.nonzero(covered)
    assert (columns.min(), columns.max()) == (0, p.OUTLINE_ICON - 1)


@pytest.mark.parametrize(("name", "draw"), [("color.png", color_icon), ("outline.png", outline_icon)])
def test_the_icons_are_what_the_tool_draws(name: str, draw: Any) -> None:  # noqa: ANN401 - a function of the tool
    drawn, kept = draw().astype(int), np.asarray(icon(name)).astype(int)
    assert drawn.shape == kept.shape
    assert np.abs(drawn - kept).max() <= 8, "python tools/draw_icons.py draws them anew"
