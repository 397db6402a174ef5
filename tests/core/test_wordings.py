"""Which wording comes next, similarity, and own words."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.wordings import Wording, closest, is_own_words, next_wording, own_length, similarity, wordings_for

TEXT = "We put solar panels on the roof of our first school this week, and the children helped with the drawings."


def wording(number: int, *, language: str = "en", network: str | None = None) -> Wording:
    return Wording(wording_id=number, text=f"text {number}", language=language, network=network)


ALL = [wording(1), wording(2, network="x"), wording(3, language="nl"), wording(4), wording(5, network="linkedin")]


def test_the_networks_own_wording_comes_first() -> None:
    assert [one.wording_id for one in wordings_for(ALL, network="x", languages=["en-GB"])] == [2, 1, 4, 3]


def test_what_the_member_reads_comes_first() -> None:
    assert [one.wording_id for one in wordings_for(ALL, network="mastodon", languages=["nl_NL"])] == [3, 1, 4]
    assert [one.wording_id for one in wordings_for(ALL, network="mastodon", languages=["fr"])] == [1, 3, 4]


def test_nobody_is_handed_words_in_a_language_they_do_not_read() -> None:
    assert next_wording(ALL, set(), network="mastodon", languages=["fr"]) is None
    english = next_wording(ALL, set(), network="mastodon", languages=["de-DE", "en"])
    assert english is not None
    assert english.wording_id == 1
    assert next_wording(ALL, {1, 4}, network="mastodon", languages=["de-DE", "en", "nl"]) is None


def test_when_all_are_used_there_is_none() -> None:
    assert next_wording(ALL, {1, 2, 4}, network="x", languages=["en"]) is None
    assert next_wording([], set(), network="x", languages=["en"]) is None


WORDINGS = st.lists(
    st.builds(
        wording,
        st.integers(0, 30),
        language=st.sampled_from(["en", "nl"]),
        network=st.sampled_from([None, "x", "linkedin"]),
    ),
    unique_by=lambda one: one.wording_id,
    max_size=10,
)


@given(
    wordings=WORDINGS,
    asks=st.lists(
        st.tuples(st.sampled_from(["x", "linkedin", "email"]), st.sampled_from(["en", "nl", "fr"])), max_size=25
    ),
)
def test_none_is_offered_twice_while_another_is_unused(wordings: list[Wording], asks: list[tuple[str, str]]) -> None:
    used: set[int] = set()
    for network, language in asks:
        found = next_wording(wordings, used, network=network, languages=[language])
        pool = wordings_for(wordings, network=network, languages=[language])
        if found is None:
            assert {one.wording_id for one in pool if one.language == language} <= used
        else:
            assert found.wording_id not in used
            assert found.network in {None, network}
            assert found.language == language
            used.add(found.wording_id)


@given(a=st.text(max_size=80), b=st.text(max_size=80))
def test_similarity_is_the_same_both_ways_and_between_0_and_1(a: str, b: str) -> None:
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, a) == 1


def test_case_punctuation_links_and_hashtags_do_not_make_a_difference() -> None:
    assert similarity(TEXT, f"  {TEXT.upper()}!!  #solar https://example.com/x ") == 1
    assert similarity("Solar on the roof", "on the roof: solar") == 1
    assert similarity("", "#only #tags") == 1
    assert similarity("", "words") == 0


def test_other_words_are_another_text() -> None:
    assert similarity(TEXT, "Yesterday I joined a panel about hydrogen in Rotterdam; slides are in the comments.") < 0.6


def test_the_closest_of_many_counts() -> None:
    assert closest(TEXT, ["nothing alike", TEXT.lower()]) == 1
    assert closest(TEXT, []) == 0


OWN = "My own view after a year on the roof: nobody tells you how windy a school gets in November, bring gloves."


def test_own_words_are_long_enough_and_unlike_all_others() -> None:
    assert is_own_words(OWN, wordings=[TEXT], colleagues=["Proud!"])
    assert not is_own_words(OWN, wordings=[OWN], colleagues=[])
    assert not is_own_words(OWN, wordings=[], colleagues=[f"{OWN} Nice."])
    assert not is_own_words(OWN[:50], wordings=[], colleagues=[])


def test_links_and_hashtags_do_not_make_a_text_long() -> None:
    assert own_length("Nice  one #solar #roof https://example.com/a/very/long/path") == len("Nice one")
    assert not is_own_words("Nice " + "#solar " * 30, wordings=[], colleagues=[])


@given(length=st.integers(0, 120))
def test_sixty_characters_are_enough(length: int) -> None:
    assert is_own_words("x" * length, wordings=[], colleagues=[]) is (length >= 60)


@given(text=st.text(min_size=60, max_size=90), others=st.lists(st.text(max_size=90), max_size=4))
def test_own_words_agree_with_the_closest(text: str, others: list[str]) -> None:
    assert is_own_words(text, wordings=others[:2], colleagues=others[2:], min_length=0) is (closest(text, others) < 0.8)
