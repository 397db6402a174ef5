"""One person in two chats: asked in one, answered in the other, and then one for good; nobody else can say yes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bot.core.actions import (
    AnswerPairing,
    EraseMe,
    Leave,
    OpenShare,
    Pair,
    SaveSettings,
    ShowHelp,
    ShowQueue,
)
from bot.core.jobs import (
    AskPairing,
    ForgetOld,
    RefreshAnnouncement,
    RefreshSuggestion,
    TellDecision,
)
from handlers import privacy, suggest
from handlers.pair import ask_pairing
from storage.models import (
    Announcement,
    Pairing,
    Share,
    Suggestion,
    SuggestionAuthor,
)
from tests.handlers.conftest import CURATORS, GENERAL, NOW
from tests.handlers.two_chats import ADA, ADA_THERE, ADDRESS, EVE, TwoChats, Who, change, chats
from tests.handlers.windows import action_of, has_action, words_of

__all__ = ["chats"]


# Asking


async def test_whoever_has_the_address_in_the_other_chat_is_asked_there_and_nothing_is_joined_yet(
    chats: TwoChats,
) -> None:
    said = await chats.words(ADA, Pair())
    assert f"I have asked you in the other chat, where you have the address {ADDRESS} too." in said
    assert await chats.jobs(AskPairing) == [chats.asked()]
    await ask_pairing(chats.out, chats.asked())
    ((person, card),) = chats.there.told
    assert person == "P-ADA"
    assert "Ada, Ada@Brightwater.example vraagt vanuit de andere chat" in words_of(card)
    assert action_of(card, AnswerPairing) == AnswerPairing(asker_id=1, answer="yes")
    assert chats.world.surface.told == []
    assert not await chats.is_joined()


@pytest.mark.parametrize(
    ("who", "values", "said"),
    [
        (ADA, {"email": None}, "does not know it here"),
        (ADA_THERE, {"email": "bob@brightwater.example"}, "Say something to Vouch there first, such as /vouch help"),
        (ADA_THERE, {"email": None}, "Say something to Vouch there first"),
        (ADA_THERE, {"left_at": NOW}, "Say something to Vouch there first"),
        (ADA_THERE, {"same_as_id": 3}, "joined with somebody else already"),
        (ADA, {"left_at": NOW}, "You left the programme"),
    ],
)
async def test_if_nobody_can_be_asked_it_says_what_to_do_and_asks_nobody(
    chats: TwoChats, who: Who, values: dict[str, object], said: str
) -> None:
    await change(chats.world, who, **values)
    assert said in await chats.words(ADA, Pair())
    assert await chats.jobs(AskPairing) == []


async def test_where_there_is_one_chat_there_is_nothing_to_join(chats: TwoChats) -> None:
    chats.world.programme = replace(chats.world.programme, is_on_two=False)
    assert "in this chat only" in await chats.words(ADA, Pair())
    assert await chats.jobs(AskPairing) == []


async def test_asking_again_asks_once_and_says_until_when(chats: TwoChats) -> None:
    await chats.ask()
    assert "You can answer there until Tuesday 24 November, 11:00" in await chats.words(ADA, Pair())
    assert len(await chats.jobs(AskPairing)) == 1


async def test_after_a_no_the_question_comes_again_another_day_only(chats: TwoChats) -> None:
    await chats.ask()
    said = await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="no"))
    assert "Dan blijft alles zoals het is." in said
    assert "You can ask again tomorrow" in await chats.words(ADA, Pair())
    chats.world.clock.advance(timedelta(days=1))
    assert "I have asked you" in await chats.words(ADA, Pair())
    assert len(await chats.jobs(AskPairing)) == 2
    assert not await chats.is_joined()


async def test_whoever_is_asked_sees_the_question_by_the_command_too(chats: TwoChats) -> None:
    await chats.say(ADA, Pair())
    card = (await chats.say(ADA_THERE, Pair())).card
    assert action_of(card, AnswerPairing) == AnswerPairing(asker_id=1, answer="yes")
    assert len(await chats.jobs(AskPairing)) == 1


@pytest.mark.parametrize("why", ["answered", "late", "left", "erased", "address"])
async def test_a_question_that_is_over_by_the_time_it_is_sent_is_not_sent(chats: TwoChats, why: str) -> None:
    await chats.say(ADA, Pair())
    if why == "answered":
        await chats.say(ADA_THERE, AnswerPairing(asker_id=1, answer="no"))
    elif why == "late":
        chats.world.clock.advance(timedelta(hours=24))
    elif why == "left":
        await chats.say(ADA_THERE, Leave())
    elif why == "erased":
        await chats.say(ADA, EraseMe())
    else:
        await change(chats.world, ADA, email="other@brightwater.example")
    await ask_pairing(chats.out, chats.asked())
    assert chats.there.told == []


# Answering


async def test_a_yes_from_there_makes_both_one_person(chats: TwoChats) -> None:
    post = await chats.world.add_post()
    await chats.say(ADA_THERE, OpenShare(post_id=post.id))
    await chats.ask()
    said = await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert "Vanaf nu ben je hier en in de andere chat één persoon." in said
    assert ((await chats.member(ADA)).same_as_id, (await chats.member(ADA_THERE)).same_as_id) == (None, 1)
    async with chats.world.sessions.reading() as session:
        assert set(await session.scalars(select(Share.member_id))) == {1}
        assert await session.scalar(select(func.count()).select_from(Pairing)) == 0
    for who in (ADA, ADA_THERE):
        assert "Winter report" in words_of((await chats.say(who, OpenShare(post_id=post.id))).form)
    async with chats.world.sessions.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Share)) == 1


async def test_whoever_asked_counts_the_one_who_is_here_longer_does(chats: TwoChats) -> None:
    await change(chats.world, ADA, joined_at=NOW)
    await chats.join()
    assert ((await chats.member(ADA)).same_as_id, (await chats.member(ADA_THERE)).same_as_id) == (2, None)


async def test_what_is_set_on_one_side_holds_on_the_other(chats: TwoChats) -> None:
    await chats.join()
    await chats.say(ADA_THERE, SaveSettings(network="x", names="yes", topics=("people",)))
    ada = await chats.member(ADA)
    assert (ada.default_network, ada.is_named, ada.muted_topics) == ("x", True, ["people"])


async def test_the_right_of_either_side_holds_on_both(chats: TwoChats) -> None:
    await change(chats.world, ADA_THERE, role="curator")
    assert "comms team" in await chats.words(ADA, ShowQueue())
    await chats.join()
    assert (await chats.member(ADA)).role == "curator"
    assert "comms team" not in await chats.words(ADA, ShowQueue())


@pytest.mark.parametrize(
    ("who", "asker_id"),
    [(EVE, 1), (ADA, 1), (ADA, 2), (ADA_THERE, 3), (ADA_THERE, 99), (ADA_THERE, -1)],
)
@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_nobody_else_can_answer_and_nobody_can_be_made_the_asker(
    chats: TwoChats, who: Who, asker_id: int, answer: str
) -> None:
    await chats.ask()
    said = await chats.words(who, AnswerPairing(asker_id=asker_id, answer=answer))
    assert "/vouch pair" in said
    assert not await chats.is_joined()
    await chats.say(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert await chats.is_joined()


@pytest.mark.parametrize("answer", ["no", "", "YES", "yes please"])
async def test_what_is_no_yes_is_a_no_and_the_question_is_answered(chats: TwoChats, answer: str) -> None:
    await chats.ask()
    await chats.say(ADA_THERE, AnswerPairing(asker_id=1, answer=answer))
    assert "vervallen of al beantwoord" in await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert not await chats.is_joined()


async def test_a_yes_without_a_question_joins_nobody(chats: TwoChats) -> None:
    assert "vervallen" in await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert not await chats.is_joined()


async def test_a_yes_after_a_day_is_too_late(chats: TwoChats) -> None:
    await chats.ask()
    chats.world.clock.advance(timedelta(hours=24))
    assert "vervallen" in await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert not await chats.is_joined()


@pytest.mark.parametrize(
    ("who", "values"),
    [
        (ADA, {"email": "successor@brightwater.example"}),
        (ADA_THERE, {"email": None}),
        (ADA, {"left_at": NOW}),
        (ADA, {"same_as_id": 3}),
    ],
)
async def test_what_changed_since_the_question_is_looked_at_again(
    chats: TwoChats, who: Who, values: dict[str, object]
) -> None:
    await chats.ask()
    await change(chats.world, who, **values)
    assert "vervallen" in await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert (await chats.member(ADA_THERE)).same_as_id is None


async def test_two_clicks_at_once_join_once_and_both_hear_it(chats: TwoChats) -> None:
    await chats.ask()
    yes = AnswerPairing(asker_id=1, answer="yes")
    said = await asyncio.gather(*[chats.words(ADA_THERE, yes) for _ in range(4)])
    assert [one[:12] for one in sorted(said)] == ["Je bent hier", "Je bent hier", "Je bent hier", "Vanaf nu ben"]


async def test_once_joined_both_sides_hear_that_they_are(chats: TwoChats) -> None:
    await chats.join()
    assert "You are one person here and in the other chat already" in await chats.words(ADA, Pair())
    assert "Je bent hier en in de andere chat al één persoon" in await chats.words(ADA_THERE, Pair())
    assert len(await chats.jobs(AskPairing)) == 1


async def test_while_a_share_is_being_sent_twice_the_question_stays(chats: TwoChats) -> None:
    post = await chats.world.add_post()
    async with chats.world.sessions.begin() as session:
        for member_id in (1, 2):
            session.add(
                Share(member_id=member_id, post_id=post.id, network="x", state="sending", text="", created_at=NOW)
            )
    await chats.ask()
    assert "over een minuut opnieuw" in await chats.words(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    async with chats.world.sessions.begin() as session:
        await session.execute(update(Share).values(state="confirmed"))
    await chats.say(ADA_THERE, AnswerPairing(asker_id=1, answer="yes"))
    assert await chats.is_joined()


async def test_cards_that_show_one_person_as_two_are_redrawn(chats: TwoChats) -> None:
    world = chats.world
    post = await world.add_post()
    async with world.sessions.begin() as session:
        session.add(Announcement(post_id=post.id, channel_ref=GENERAL, message_ref="m1", shown=2))
        for member_id, network in ((1, "x"), (2, "linkedin")):
            session.add(
                Share(member_id=member_id, post_id=post.id, network=network, state="opened", text="", created_at=NOW)
            )
        session.add(Suggestion(id=5, state="received", link="l", link_key="l", created_at=NOW, card_channel=CURATORS))
        await session.flush()
        session.add_all(SuggestionAuthor(suggestion_id=5, member_id=one, at=NOW) for one in (1, 2))
    await chats.join()
    assert len(await chats.jobs(RefreshAnnouncement)) == 1
    assert await chats.jobs(RefreshSuggestion) == [RefreshSuggestion(suggestion_id=5)]


async def test_a_message_that_waits_for_the_second_row_reaches_the_person_once(chats: TwoChats) -> None:
    world = chats.world
    async with world.sessions.begin() as session:
        session.add(Suggestion(id=5, state="declined", link="l", link_key="l", created_at=NOW, note="Not now"))
        await session.flush()
        session.add(SuggestionAuthor(suggestion_id=5, member_id=2, at=NOW))
    await chats.join()
    told_before = len(chats.there.told)
    await suggest.tell_decision(chats.out, TellDecision(suggestion_id=5, member_id=2))
    assert [person for person, _ in world.surface.told] == ["U-ADA"]
    assert len(chats.there.told) == told_before


async def test_questions_that_nobody_answered_are_forgotten(chats: TwoChats) -> None:
    await chats.ask()
    await privacy.forget_old(chats.out, ForgetOld())
    async with chats.world.sessions.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Pairing)) == 1
    chats.world.clock.advance(timedelta(hours=25))
    await privacy.forget_old(chats.out, ForgetOld())
    async with chats.world.sessions.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Pairing)) == 0


# Help


async def test_help_tells_of_it_where_there_are_two_chats(chats: TwoChats) -> None:
    assert "/vouch pair" in await chats.words(ADA, ShowHelp())
    assert not has_action((await chats.say(ADA, ShowHelp())).card, AnswerPairing)
