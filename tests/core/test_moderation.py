"""The life cycles of posts and suggestions, and who may move them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.moderation import (
    POST_MOVES,
    SUGGESTION_MOVES,
    Denial,
    PostEvent,
    PostState,
    SuggestionEvent,
    SuggestionState,
    WrongMove,
    first_move,
    may_decide_suggestion,
    may_move_post,
    move_post,
    move_suggestion,
    post_states_before,
)
from bot.core.people import Role


@given(events=st.lists(st.sampled_from(PostEvent), max_size=30))
def test_a_post_never_leaves_its_table(events: list[PostEvent]) -> None:
    state = PostState.DRAFT
    for event in events:
        if event in POST_MOVES[state]:
            state = move_post(state, event)
        else:
            with pytest.raises(WrongMove) as caught:
                move_post(state, event)
            assert (caught.value.state, caught.value.event) == (state, event)
        assert state in POST_MOVES


@given(events=st.lists(st.sampled_from(SuggestionEvent), max_size=10))
def test_the_first_decision_about_a_suggestion_counts(events: list[SuggestionEvent]) -> None:
    state, decisions = SuggestionState.RECEIVED, 0
    for event in events:
        if event in SUGGESTION_MOVES[state]:
            state = move_suggestion(state, event)
            decisions += event is not SuggestionEvent.JOIN
        else:
            with pytest.raises(WrongMove):
                move_suggestion(state, event)
    assert decisions <= 1
    assert (state is SuggestionState.RECEIVED) is (decisions == 0)


def test_every_state_has_a_row() -> None:
    assert set(POST_MOVES) == set(PostState)
    assert set(SUGGESTION_MOVES) == set(SuggestionState)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("submit approve publish expire", PostState.EXPIRED),
        ("approve schedule schedule publish edit withdraw", PostState.WITHDRAWN),
        ("submit edit decline", PostState.DECLINED),
        ("approve withdraw", PostState.WITHDRAWN),
        ("approve schedule withdraw", PostState.WITHDRAWN),
    ],
)
def test_the_ways_of_a_post(events: str, state: PostState) -> None:
    found = PostState.DRAFT
    for event in events.split():
        found = move_post(found, PostEvent(event))
    assert found is state


def test_only_what_is_out_or_about_to_be_can_be_withdrawn() -> None:
    assert post_states_before(PostEvent.WITHDRAW) == {PostState.APPROVED, PostState.SCHEDULED, PostState.PUBLISHED}
    assert post_states_before(PostEvent.PUBLISH) == {PostState.APPROVED, PostState.SCHEDULED}


def denial(
    state: PostState, event: PostEvent, *, role: Role = Role.CURATOR, author: bool = False, eyes: bool = False
) -> Denial | None:
    return may_move_post(state, event, role=role, is_author=author, needs_second_eyes=eyes)


@pytest.mark.parametrize("event", PostEvent)
@pytest.mark.parametrize("state", PostState)
def test_members_move_no_post(state: PostState, event: PostEvent) -> None:
    assert denial(state, event, role=Role.MEMBER) is Denial.NEEDS_CURATOR


@given(
    state=st.sampled_from(PostState),
    event=st.sampled_from(PostEvent),
    author=st.booleans(),
    eyes=st.booleans(),
    role=st.sampled_from(Role),
)
def test_whatever_is_permitted_is_in_the_table(
    *, state: PostState, event: PostEvent, author: bool, eyes: bool, role: Role
) -> None:
    if denial(state, event, role=role, author=author, eyes=eyes) is None:
        move_post(state, event)
        assert not (event is PostEvent.APPROVE and eyes and author)


def test_the_author_does_not_approve_their_own_where_a_second_pair_of_eyes_is_asked_for() -> None:
    assert denial(PostState.PENDING, PostEvent.APPROVE, author=True, eyes=True) is Denial.NEEDS_SECOND_EYES
    assert denial(PostState.PENDING, PostEvent.APPROVE, author=False, eyes=True) is None
    assert denial(PostState.PENDING, PostEvent.APPROVE, author=True, eyes=False) is None
    assert denial(PostState.DRAFT, PostEvent.APPROVE, author=True, eyes=False) is None
    assert denial(PostState.DRAFT, PostEvent.APPROVE, author=False, eyes=True) is Denial.NEEDS_SECOND_EYES
    assert (
        denial(PostState.PENDING, PostEvent.APPROVE, role=Role.ADMIN, author=True, eyes=True)
        is Denial.NEEDS_SECOND_EYES
    )
    assert denial(PostState.PENDING, PostEvent.DECLINE, author=True, eyes=True) is None
    assert denial(PostState.PUBLISHED, PostEvent.APPROVE) is Denial.WRONG_STATE


def test_a_draft_waits_only_where_it_must() -> None:
    assert first_move(needs_second_eyes=True) is PostEvent.SUBMIT
    assert first_move(needs_second_eyes=False) is PostEvent.APPROVE


def test_anyone_joins_a_suggestion_and_curators_decide_it() -> None:
    received = SuggestionState.RECEIVED
    assert may_decide_suggestion(received, SuggestionEvent.JOIN, role=Role.MEMBER) is None
    assert may_decide_suggestion(received, SuggestionEvent.APPROVE, role=Role.MEMBER) is Denial.NEEDS_CURATOR
    assert may_decide_suggestion(received, SuggestionEvent.DECLINE, role=Role.CURATOR) is None
    assert (
        may_decide_suggestion(SuggestionState.DECLINED, SuggestionEvent.APPROVE, role=Role.ADMIN) is Denial.WRONG_STATE
    )
