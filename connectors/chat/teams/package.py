"""The app package: the zip that an administrator uploads to Teams, with the manifest, its translations and the icons.

What an entry means and how long it may be is said by Microsoft's JSON schemas (npm @microsoft/app-manifest), beside the
pages "Teams app package", "Apps for shared and private channels" and "Expose slash commands from agents and apps".
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.core.commands import COMMANDS
from bot.core.people import Role
from bot.core.texts import shorten
from connectors.chat.teams.decode import FIND_POSTS, SEARCH_WORDS, SUGGEST_THIS

BASE, WITH_SLASH = "1.25", "1.29"
"""The versions of the schema: the one that every tenant takes, and the first with slash commands (in preview)."""

MAX_DEVELOPER, MAX_SHORT_NAME, MAX_FULL_NAME = 32, 30, 100
MAX_SHORT_DESCRIPTION, MAX_FULL_DESCRIPTION = 80, 4000
MAX_MENU = 10  # from schema 1.24 on 12
# From schema 1.21 on 128 and 4,000.
MAX_MENU_TITLE, MAX_MENU_DESCRIPTION = 32, 128
MAX_EXTENSION_TITLE, MAX_EXTENSION_DESCRIPTION = 32, 128
COLOR_ICON, OUTLINE_ICON = 192, 32  # pixels
ICONS = Path(__file__).parent / "icons"

NOT_IN_MENU = frozenset({"join", "pair", "setup"})  # typed once, by those who were told to
SAID_ALOUD = ("suggest", "leaderboard", "help")
"""What a channel's menu offers: a word typed there is seen by everyone, and all others are about oneself."""

MENU: Sequence[str] = tuple(
    one.word for one in COMMANDS.values() if one.right is Role.MEMBER and one.word not in NOT_IN_MENU
)
"""The words of the command menu in a personal chat."""

_SCHEMA = "https://developer.microsoft.com/json-schemas/teams/v{}/MicrosoftTeams{}.schema.json"
_EARLIEST = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # a zip knows no earlier moment; always the same one, so that packages can be compared
_READABLE = 0o644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What the manifest says of the app in one language. The title `suggest` is the one that Vouch's texts name."""

    short: str
    full: str
    suggest: str
    suggest_says: str
    find: str
    find_says: str
    words: str
    words_says: str


TEXTS: Mapping[str, Texts] = {
    "en": Texts(
        short="Share what you would vouch for: company posts, in your own words.",
        full=(
            "Vouch brings your company's posts to the channels where you already talk. You share what you like to your "
            "own networks, in your own words and with your own click; nothing is ever posted for you.\n\n"
            "You suggest posts by a message, the comms team decides, and every week the channel sees what the sharing "
            "brought. Taking part is your choice, leaving is one click, and nobody sees who does not share."
        ),
        suggest="Suggest this",
        suggest_says="Suggest the link in this message for the company's programme",
        find="Find a post",
        find_says="Find a post that may be shared, and put it into your message",
        words="Words",
        words_says="Words of its title or summary",
    ),
    "nl": Texts(
        short="Deel waar je zelf achter staat: berichten van je bedrijf, in je eigen woorden.",
        full=(
            "Vouch brengt de berichten van je bedrijf naar de kanalen waar je toch al praat. Wat je aanspreekt deel je "
            "op je eigen netwerken, in je eigen woorden en met je eigen klik; niets wordt ooit voor je geplaatst.\n\n"
            "Je draagt berichten aan met een berichtje, het communicatieteam beslist, en elke week ziet het kanaal wat "
            "het delen opleverde. Meedoen is jouw keuze, stoppen is één klik, en niemand ziet wie er niet deelt."
        ),
        suggest="Suggest this",
        suggest_says="Stel de link in dit bericht voor het programma van je bedrijf voor",
        find="Zoek een bericht",
        find_says="Zoek een bericht dat gedeeld mag worden en zet het in je tekst",
        words="Woorden",
        words_says="Woorden uit de titel of de samenvatting",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The app of one company: its bot's id, the version of its package (three numbers, raised with every upload that
    changes something), the company, the page about it, its public address, and a line of help for each word of
    `MENU` by language."""

    app_id: str
    version: str
    company: str
    page: str
    public_url: str
    menu: Mapping[str, Mapping[str, str]]


def manifest(app: App, *, has_slash: bool) -> dict[str, Any]:
    """Return the manifest; `has_slash` takes the newer schema, with slash commands and targeted messages.

    There is no `authorization`: sending, and reading who is in a place, need no consent beyond the installation, and
    `ChannelMessage.Read.Group` would let Vouch read everything that is said. There is no `webApplicationInfo`: nobody
    signs in. The icon color32x32 is for Outlook and Microsoft 365, where this app does not run.
    """
    version, english = WITH_SLASH if has_slash else BASE, TEXTS["en"]
    return {
        "$schema": _SCHEMA.format(version, ""),
        "manifestVersion": version,
        "version": app.version,
        "id": app.app_id,
        "localizationInfo": {
            "defaultLanguageTag": "en",
            "additionalLanguages": [{"languageTag": one, "file": f"{one}.json"} for one in _translations(app)],
        },
        "developer": {
            "name": shorten(app.company, MAX_DEVELOPER),
            "websiteUrl": app.page,
            "privacyUrl": app.page,
            "termsOfUseUrl": app.page,
        },
        "name": {"short": "Vouch", "full": "Vouch: share what you would vouch for"},
        "description": {"short": english.short, "full": english.full},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#1f3a5f",
        # Not required by the schema, but from 1.25 on by the upload of an app for teams ("must include the
        # 'supportsChannelFeatures' property"); it also lets the app into private channels, such as the curators'.
        "supportsChannelFeatures": "tier1",
        "bots": [_bot(app, has_slash=has_slash)],
        "composeExtensions": [_extension(app)],
        "validDomains": [urlsplit(app.public_url).hostname or ""],
    }


def package(app: App, *, has_slash: bool) -> bytes:
    """Return the zip; the same app gives the same bytes, wherever and whenever it is made."""
    told = manifest(app, has_slash=has_slash)
    files = {"manifest.json": _as_json(told)}
    files |= {name: (ICONS / name).read_bytes() for name in told["icons"].values()}
    files |= {f"{one}.json": _as_json(translation(app, one, has_slash=has_slash)) for one in _translations(app)}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:  # stored, not deflated: what deflating gives is up to each zlib
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, content)
    return held.getvalue()


def translation(app: App, language: str, *, has_slash: bool) -> dict[str, str]:
    """Return what the manifest says in another language, by place; the words to type are the same in every language."""
    texts = TEXTS[language]
    told = {
        "$schema": _SCHEMA.format(WITH_SLASH if has_slash else BASE, ".Localization"),
        "name.short": "Vouch",
        "description.short": texts.short,
        "description.full": texts.full,
    }
    for at, one in enumerate(_menus(has_slash=has_slash)):
        for row, word in enumerate(one.words):
            told[f"bots[0].commandLists[{at}].commands[{row}].description"] = app.menu[language][word]
    extension = "composeExtensions[0].commands"
    return told | {
        f"{extension}[0].title": texts.suggest,
        f"{extension}[0].description": texts.suggest_says,
        f"{extension}[1].title": texts.find,
        f"{extension}[1].description": texts.find_says,
        f"{extension}[1].parameters[0].title": texts.words,
        f"{extension}[1].parameters[0].description": texts.words_says,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Menu:
    """A command menu: where it is shown, what opens it, and its words."""

    scopes: Sequence[str]
    trigger: str
    words: Sequence[str]


def _menus(*, has_slash: bool) -> Sequence[_Menu]:
    """Return the menus; what is typed after a slash in a channel is seen by nobody else, so all words are offered."""
    shared = ("team", "groupChat")
    spoken = (
        _Menu(scopes=("personal",), trigger="mention", words=MENU),
        _Menu(scopes=shared, trigger="mention", words=SAID_ALOUD),
    )
    return (*spoken, _Menu(scopes=shared, trigger="slash", words=MENU)) if has_slash else spoken


def _bot(app: App, *, has_slash: bool) -> dict[str, Any]:
    lists = [
        {
            "scopes": list(one.scopes),
            **({"triggers": [one.trigger]} if has_slash else {}),
            "commands": [{"title": word, "description": app.menu["en"][word]} for word in one.words],
        }
        for one in _menus(has_slash=has_slash)
    ]
    return {
        "botId": app.app_id,
        "scopes": ["personal", "team", "groupChat"],
        "isNotificationOnly": False,
        "supportsFiles": True,  # the export of one's own data is offered as a file
        **({"supportsTargetedMessages": True} if has_slash else {}),
        "commandLists": lists,
    }


def _extension(app: App) -> dict[str, Any]:
    texts = TEXTS["en"]
    return {
        "botId": app.app_id,
        "commands": [
            {
                "id": SUGGEST_THIS,
                "type": "action",
                "title": texts.suggest,
                "description": texts.suggest_says,
                "context": ["message"],
                "fetchTask": True,
            },
            {
                "id": FIND_POSTS,
                "type": "query",
                "title": texts.find,
                "description": texts.find_says,
                "context": ["compose", "commandBox"],
                "initialRun": True,  # before a word is typed the newest posts are there
                "parameters": [
                    {
                        "name": SEARCH_WORDS,
                        "title": texts.words,
                        "description": texts.words_says,
                        "inputType": "text",
                    }
                ],
            },
        ],
    }


def _translations(app: App) -> Sequence[str]:
    return sorted(set(app.menu) & set(TEXTS) - {"en"})


def _as_json(told: Mapping[str, Any]) -> bytes:
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
