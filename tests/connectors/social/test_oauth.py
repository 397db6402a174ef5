"""PKCE by its specification's own example, and what the answers of token endpoints give."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.errors import NotConnected
from connectors.social.oauth import challenge_of, tokens_of

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


def test_the_challenge_is_that_of_the_specification() -> None:
    # RFC 7636, appendix B
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("told", "lasts"),
    [(7200, 7200), ("7200", 7200), (0.5, 0.5), (0, None), (-1, None), (None, None), (True, None), ("soon", None)],
)
def test_an_end_is_counted_from_now_where_one_is_named(told: object, lasts: float | None) -> None:
    tokens = tokens_of({"access_token": "t", "expires_in": told}, scopes=("a",), now=NOW)
    assert tokens is not None
    assert tokens.expires_at == (None if lasts is None else NOW + timedelta(seconds=lasts))


@pytest.mark.parametrize("told", [{}, {"access_token": ""}, {"access_token": 7}, {"access_token": None, "scope": "a"}])
def test_an_answer_without_a_token_gives_none(told: dict[str, object]) -> None:
    assert tokens_of(told, scopes=("a",), now=NOW) is None


@pytest.mark.parametrize("scope", ["a b", "b a c", "", None, 7])
def test_what_was_asked_for_was_given(scope: object) -> None:
    tokens = tokens_of({"access_token": "t", "scope": scope}, scopes=("a", "b"), now=NOW)
    assert tokens is not None
    assert {"a", "b"} <= tokens.scopes


@pytest.mark.parametrize("scope", ["a", "b", "ab", "c:a c:b"])
def test_a_missing_permission_is_said(scope: str) -> None:
    with pytest.raises(NotConnected):
        tokens_of({"access_token": "t", "scope": scope}, scopes=("a", "b"), now=NOW)
