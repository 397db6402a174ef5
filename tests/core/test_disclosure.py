"""The line that says who the member works for: by market, of the member's choice, and clear where it has to be."""

import pytest

from bot.core.disclosure import MARKETS, Choice, allowed_lines, default_line, has_offer, market_of
from bot.core.programme import Disclosure

BUILT_IN = Disclosure()


def lines(wanted: Disclosure, language: str, *, locale: str = "", text: str = "") -> list[str]:
    allowed = allowed_lines("Brightwater", wanted, language=language, locale=locale, text=text)
    return [one.line for one in allowed.choices]


@pytest.mark.parametrize(
    ("company", "language", "line"),
    [
        ("Brightwater", "en-GB", "#BrightwaterEmployee"),
        ("Bright water B.V.", "en_US", "#BrightWaterBVEmployee"),
        ("Brightwater", "nl", "#werkgever #Brightwater"),
        ("Brightwater", "nl-NL", "#werkgever #Brightwater"),
        ("Brightwater", "sv-SE", "Reklam för min arbetsgivare Brightwater"),
        ("Brightwater", "sv-FI", "Mainos: Brightwater"),
        ("Élan & co", "xx", "#ÉlanCoEmployee"),
        ("Brightwater", "", "#BrightwaterEmployee"),
    ],
)
def test_the_line_speaks_the_readers_language(company: str, language: str, line: str) -> None:
    assert default_line(company, BUILT_IN, language=language) == line


@pytest.mark.parametrize(
    ("language", "locale", "fixed", "market"),
    [
        ("en", "en-US", "", "us"),
        ("en", "en-GB", "", "uk"),
        ("en", "en-AU", "", "uk"),
        ("en", "nl-NL", "", "uk"),  # an English wording of somebody in the Netherlands is read as English
        ("en-NL", "en-NL", "", "uk"),
        ("nl", "nl-BE", "", "nl"),
        ("sv", "sv-FI", "", "fi"),
        ("fi", "fi", "", "fi"),
        ("da-DK", "", "", "dk"),
        ("fr-FR", "fr-FR", "", "fr"),
        ("zh-Hant-TW", "", "", "zh"),
        ("en", "en-US", "se", "se"),
    ],
)
def test_the_market_is_where_the_text_is_read(language: str, locale: str, fixed: str, market: str) -> None:
    assert market_of(language, locale=locale, fixed=fixed) == market


@pytest.mark.parametrize("market", sorted(MARKETS))
def test_every_market_has_something_to_choose_that_names_the_company(market: str) -> None:
    found = lines(Disclosure(market=market), "en")
    assert len(set(found)) >= 2
    assert all("Brightwater" in one and "{" not in one and len(one) <= 75 for one in found)


def test_a_company_may_set_lines_by_language() -> None:
    own = Disclosure(lines={"nl": ("Ik werk bij {company} ({tag})",), "nl-BE": ("Bij {company}",)})
    assert default_line("Bright water", own, language="nl") == "Ik werk bij Bright water (BrightWater)"
    assert default_line("Bright water", own, language="nl-BE") == "Bij Bright water"
    assert default_line("{tag}", Disclosure(lines={"nl": ("{company}",)}), language="nl") == "{tag}"
    assert default_line("Bright water", own, language="en") == "#BrightWaterEmployee"


def test_a_market_wins_over_a_language() -> None:
    own = Disclosure(lines={"en": ("By language",)}, markets={"us": ("First", "Second"), "fr": ("Chez {company}",)})
    assert lines(own, "en", locale="en-US") == ["First", "Second"]
    assert lines(own, "en", locale="en-GB") == ["By language"]
    assert lines(own, "fr") == ["Chez Brightwater"]


def test_the_member_gets_the_wording_they_want_if_it_is_allowed() -> None:
    allowed = allowed_lines("Brightwater", BUILT_IN, language="nl")
    assert allowed.best(("", "Mijn werkgever: {company}")).line == "Mijn werkgever: Brightwater"
    assert allowed.best(("I work at {company}",)).line == "#werkgever #Brightwater"
    assert allowed.best(()) == allowed.choices[0]
    assert allowed.by_line("Mijn werkgever: Brightwater") == Choice(
        value="Mijn werkgever: {company}", line="Mijn werkgever: Brightwater"
    )
    assert allowed.by_line("something else") is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Nu 199 kr", True),
        ("199:-", True),
        ("€ 5", True),
        ("$5 off", True),
        ("12,50 €", True),
        ("1 200 SEK", True),
        ("20% rabatt", True),
        ("20 procent", True),
        ("We are 200 people", False),
        ("In 2026 we grew", False),
        ("3 kronprinsar", False),
        ("a % sign alone", False),
        ("", False),
    ],
)
def test_a_price_or_an_offer_is_an_amount_or_a_percentage(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert has_offer(text) is is_one


def test_in_sweden_a_price_leaves_only_what_says_reklam() -> None:
    allowed = allowed_lines("Brightwater", BUILT_IN, language="sv", text="Nu bara 199 kr")
    assert allowed.is_raised
    assert [one.line for one in allowed.choices] == ["Reklam för min arbetsgivare Brightwater"]
    assert len(lines(BUILT_IN, "sv", text="Kom och titta")) == 2
    assert len(lines(BUILT_IN, "nl", text="Nu voor € 5")) == 2


def test_a_companys_own_swedish_line_is_raised_too() -> None:
    own = Disclosure(markets={"se": ("Jag jobbar på {company}", "Reklamera mera")})
    assert lines(own, "sv", text="50 %") == ["Reklam: Jag jobbar på Brightwater"]


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("en-US", "#ad #BrightwaterEmployee"),
        ("nl", "#ad #werkgever #Brightwater"),
        ("de", "#Werbung #Arbeitgeber #Brightwater"),
        ("sv", "Reklam för min arbetsgivare Brightwater"),
        ("da", "Reklame for min arbejdsgiver Brightwater"),
        ("fi", "Mainos: Brightwater"),
    ],
)
def test_where_there_is_a_prize_the_line_says_so_in_the_markets_word(language: str, first: str) -> None:
    assert lines(Disclosure(has_prizes=True), language)[0] == first
