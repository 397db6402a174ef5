"""Gettext catalogues by Babel: the text for a key in a member's language, with plural forms and placeholders."""

import gettext
import io
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

from bot.core.cards import Code, Span, Spans, plain

FOLDER = Path(__file__).parent
DEFAULT = "en"
TYPED = "`"
"""What stands before and after something to type in a catalogue's text: `/vouch help`."""


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there is a catalogue for."""
    return tuple(sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/vouch.po")))


def language_of(locale: str) -> str:
    """Return the catalogue's language for a locale such as "nl-NL"; English where there is none."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in languages() else DEFAULT


@cache
def _catalogue(language: str) -> gettext.GNUTranslations:
    with (FOLDER / language / "LC_MESSAGES" / "vouch.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def _singular(language: str, key: str) -> str:
    found = _catalogue(language).gettext(key)
    if found == key:
        raise KeyError(key)
    return found


@cache
def _plain(language: str, key: str) -> str:
    return _bare(_singular(language, key)).format()


@lru_cache(maxsize=2000)
def _bare(template: str) -> str:
    """Return a template without the marks around what is to be typed."""
    return template.replace(TYPED, "")


@lru_cache(maxsize=2000)
def _pieces(template: str) -> tuple[tuple[str, bool], ...]:
    """Return the parts of a template, each with whether it is to be typed as it is."""
    return tuple((part, bool(at % 2)) for at, part in enumerate(template.split(TYPED)) if part)


@lru_cache(maxsize=2000)
def _parts(template: str) -> tuple[tuple[str, str | None], ...]:
    """Return the words of a template, each with the name of the placeholder after them."""
    return tuple((words, name) for words, name, _, _ in string.Formatter().parse(template))


@lru_cache(maxsize=2000)
def _number(value: float, language: str) -> str:
    return format_decimal(value, locale=language)


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language, with dates and numbers as that language writes them, in the reader's `zone`."""

    language: str
    zone: ZoneInfo

    def text(self, key: str, **params: object) -> str:
        """Return the text for `key`; `count` chooses the plural form. An unknown key raises `KeyError`."""
        if not params:
            return _plain(self.language, key)
        return _bare(self._template(key, params)).format(**{name: self._shown(value) for name, value in params.items()})

    def rich(self, key: str, **params: Span | int) -> Spans:
        """Return the text for `key` as spans: a placeholder may be bold, a link or a person, and commands stand out."""
        spans: list[Span] = []
        for piece, is_typed in _pieces(self._template(key, params)):
            filled = self._filled(piece, params)
            spans += (Code(plain(filled)),) if is_typed else filled
        return _joined(spans)

    def _filled(self, piece: str, params: Mapping[str, Span | int]) -> Spans:
        spans: list[Span] = []
        for words, name in _parts(piece):
            if words:
                spans.append(words)
            if name is not None:
                value = params[name]
                spans.append(self.number(value) if isinstance(value, int) else value)
        return tuple(spans)

    def number(self, value: float) -> str:
        """Return a number as this language writes it."""
        return _number(value, self.language)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount with its currency as this language writes it ("€12.50")."""
        return format_currency(amount, currency, locale=self.language)

    def percent(self, part: Decimal) -> str:
        """Return a part as a percentage ("150%" for 1.5)."""
        return format_percent(part, locale=self.language)

    def moment(self, at: datetime) -> str:
        """Return an instant as a date and time in the reader's zone ("Monday 23 November, 09:00")."""
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())}, {format_time(local, 'HH:mm', locale=self.language)}"

    def day(self, on: date) -> str:
        """Return a date with its weekday ("Monday 23 November")."""
        return format_date(on, "EEEE d MMMM", locale=self.language)

    def full_day(self, on: date) -> str:
        """Return a date with its year ("23 November 2026")."""
        return format_date(on, "d MMMM y", locale=self.language)

    def short_day(self, on: date) -> str:
        """Return a short date ("23 Nov")."""
        return format_date(on, "d MMM", locale=self.language)

    def precise(self, at: datetime) -> str:
        """Return an instant with its year, for records ("23 Nov 2026, 09:00")."""
        return format_datetime(at.astimezone(self.zone), "d MMM y, HH:mm", locale=self.language)

    def _template(self, key: str, params: Mapping[str, object]) -> str:
        count = params.get("count")
        if isinstance(count, int):
            found = _catalogue(self.language).ngettext(key, key, count)
            if found != key:
                return found
        return _singular(self.language, key)

    def _shown(self, value: object) -> object:
        return self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _joined(spans: list[Span]) -> Spans:
    """Return `spans` with neighbouring words as one."""
    joined: list[Span] = []
    for span in spans:
        if isinstance(span, str) and joined and isinstance(joined[-1], str):
            joined[-1] += span
        else:
            joined.append(span)
    return tuple(joined)


def words_for(locale: str, zone: str) -> Words:
    """Return the texts for a member's locale and time zone; an unknown zone is read as UTC."""
    return Words(language_of(locale), _zone(zone))


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
