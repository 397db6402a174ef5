"""The line that says who the member works for: what each market asks for, and which wordings a member may choose from.

A market is where readers and their law are, by the language of the text and the region of its writer. Where the words
come from is said beside each market (docs/privacy.md#disclosure). No legal advice: a company can set its own.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.core.programme import Disclosure
from bot.core.texts import hashtag


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What a market asks for: `lines` to choose from, the default first; {tag} and {company} stand for the company.

    `prize` is the word that has to be added where sharing can win something, `offer` the word with which the line has
    to begin once the text names a price or an offer, "" where there is no such rule.
    """

    languages: tuple[str, ...]
    lines: tuple[str, ...]
    prize: str = "#ad"
    offer: str = ""


MARKETS: Mapping[str, Market] = {
    # 16 CFR 255.5 asks for the connection and for the chance of a prize; #XEmployee, not #ee, is a form of the FTC's.
    "us": Market(languages=("en",), lines=("#{tag}Employee", "I work at {company}")),
    # The CMA's guidance on hidden advertising covers endorsing a brand that one is employed by.
    "uk": Market(languages=("en",), lines=("#{tag}Employee", "I work at {company}")),
    # Nederlandse Reclame Code 11.1 and the Reclamecode Social Media & Influencer Marketing: the "relevante relatie".
    "nl": Market(languages=("nl",), lines=("#werkgever #{tag}", "Mijn werkgever: {company}")),
    # The Medienanstalten's guide takes "Werbung" or "Anzeige" at the start, and does not recommend #ad.
    "de": Market(languages=("de",), lines=("#Arbeitgeber #{tag}", "Mein Arbeitgeber: {company}"), prize="#Werbung"),
    # Konsumentverket: clear at a glance, the word "reklam"; an employee's post with price and shop was ruled to be one.
    "se": Market(
        languages=("sv",),
        lines=("Reklam för min arbetsgivare {company}", "Min arbetsgivare: {company}"),
        prize="Reklam",
        offer="Reklam",
    ),
    # Forbrugerombudsmanden (Tradono, 2018): say that one is employed there, or mark it as "reklame".
    "dk": Market(
        languages=("da",),
        lines=("Reklame for min arbejdsgiver {company}", "Jeg arbejder hos {company}"),
        prize="Reklame",
    ),
    # KKV, the consumer ombudsman's guidelines (2025): "Mainos" or "Reklam" and the company first, one's own included.
    "fi": Market(languages=("fi", "sv"), lines=("Mainos: {company}", "Reklam: {company}"), prize="Mainos"),
}
_BY_REGION = {"US": "us", "GB": "uk", "NL": "nl", "DE": "de", "SE": "se", "DK": "dk", "FI": "fi"}
_BY_LANGUAGE = {"en": "uk", "nl": "nl", "de": "de", "sv": "se", "da": "dk", "fi": "fi"}
_ANYWHERE = MARKETS["us"]

_CURRENCY = r"(?:[€$£¥%]|:-|(?:kr|kronor|sek|dkk|nok|euros?|eur|usd|gbp|chf|procent)\b)"
_OFFER = re.compile(rf"[€$£¥]\s?\d|\d[\d.,\u00a0\u202f ]*\s?{_CURRENCY}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A wording that is allowed: `value` as it was set, by which it is remembered, `line` as it is read."""

    value: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The wordings for a text, the default first; `is_raised` where its price or offer leaves only the clear ones."""

    choices: tuple[Choice, ...]
    is_raised: bool = False

    def best(self, wanted: Iterable[str]) -> Choice:
        """Return the first of the `wanted` values that is allowed, or else the default."""
        by_value = {one.value: one for one in self.choices}
        return next((by_value[one] for one in wanted if one in by_value), self.choices[0])

    def by_line(self, line: str) -> Choice | None:
        """Return the choice that reads as `line`, or `None`."""
        return next((one for one in self.choices if one.line == line), None)


@lru_cache(maxsize=1_000)
def market_of(language: str, *, locale: str = "", fixed: str = "") -> str:
    """Return the market of a text in `language` by somebody of `locale`; one that is `fixed` is everyone's.

    A region counts where its market reads that language; without one it is the language's own market, and where there
    is none the language itself stands for it.
    """
    if fixed:
        return fixed
    primary = _primary(language)
    place = language if _region(language) or _primary(locale) != primary else locale
    named = _BY_REGION.get(_region(place), "")
    if named and primary in MARKETS[named].languages:
        return named
    return _BY_LANGUAGE.get(primary, primary)


def _primary(locale: str) -> str:
    return locale.replace("_", "-").partition("-")[0].lower()


def _region(locale: str) -> str:
    last = locale.replace("_", "-").rpartition("-")
    return last[2].upper() if last[0] and len(last[2]) == 2 else ""


def allowed_lines(company: str, wanted: Disclosure, *, language: str, locale: str = "", text: str = "") -> Allowed:
    """Return what may stand before `text`, in `language` and by somebody of `locale`; there is always something.

    What the company set for the market wins over what it set for the language, and that over what is built in.
    """
    market = market_of(language, locale=locale, fixed=wanted.market)
    rules = MARKETS.get(market, _ANYWHERE)
    own = wanted.markets.get(market) or wanted.lines.get(language) or wanted.lines.get(_primary(language))
    choices = [Choice(value=one, line=_filled(one, company)) for one in own or rules.lines]
    is_raised = bool(rules.offer) and has_offer(text)
    if is_raised:
        choices = [one for one in choices if _begins(one.line, rules.offer)] or [
            _marked(choices[0], f"{rules.offer}: ")
        ]
    if wanted.has_prizes:
        choices = [one if _names(one.line, rules.prize) else _marked(one, f"{rules.prize} ") for one in choices]
    return Allowed(choices=tuple(choices), is_raised=is_raised)


def default_line(company: str, wanted: Disclosure, *, language: str, locale: str = "") -> str:
    """Return the line that stands before a text unless its writer or its post has another."""
    return allowed_lines(company, wanted, language=language, locale=locale).choices[0].line


def has_offer(text: str) -> bool:
    """Say whether a text names a price or an offer: an amount of money, or a percentage."""
    return _OFFER.search(text) is not None


@lru_cache(maxsize=1_000)
def _filled(line: str, company: str) -> str:
    return line.replace("{tag}", hashtag(company)).replace("{company}", company.strip())


def _marked(choice: Choice, mark: str) -> Choice:
    return Choice(value=choice.value, line=f"{mark}{choice.line}")


def _begins(line: str, word: str) -> bool:
    rest = line[len(word) :]
    return line.casefold().startswith(word.casefold()) and not rest[:1].isalnum()


@lru_cache(maxsize=1_000)
def _names(line: str, word: str) -> bool:
    return word.lstrip("#").casefold() in _words(line)


def _words(line: str) -> Collection[str]:
    return {one.casefold() for one in re.findall(r"\w+", line)}
