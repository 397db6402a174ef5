"""What is proved on SQLite holds on PostgreSQL: the tests that meet the database in their own ways, run again there."""

import pytest

from tests.postgres import postgres_server, postgres_url
from tests.web.test_app import (
    test_a_picture_is_shown_to_who_has_its_address,
    test_it_is_alive_and_ready,
    test_metrics_tell_counts_and_nothing_of_people,
)
from tests.web.test_go import (
    test_a_second_follow_shows_the_page_and_redirects_no_more,
    test_another_process_knows_the_members_own_visits_too,
    test_two_follows_at_once_redirect_once,
    test_what_is_typed_a_moment_later_is_waited_for,
)
from tests.web.test_redirect import (
    test_a_link_leads_to_its_target_and_the_visit_is_kept_before_the_answer,
    test_a_link_that_another_process_repointed_is_noticed_without_a_word,
    test_a_visit_of_a_link_that_was_deleted_meanwhile_does_not_take_others_with_it,
    test_links_are_known_after_a_restart_without_being_asked_for,
    test_many_at_once_are_each_kept_once,
    test_nobody_can_be_followed_from_one_day_or_link_to_the_next,
    test_two_processes_share_the_salt_of_the_day,
)

__all__ = [
    "postgres_server",
    "postgres_url",
    "test_a_link_leads_to_its_target_and_the_visit_is_kept_before_the_answer",
    "test_a_link_that_another_process_repointed_is_noticed_without_a_word",
    "test_a_picture_is_shown_to_who_has_its_address",
    "test_a_second_follow_shows_the_page_and_redirects_no_more",
    "test_a_visit_of_a_link_that_was_deleted_meanwhile_does_not_take_others_with_it",
    "test_another_process_knows_the_members_own_visits_too",
    "test_it_is_alive_and_ready",
    "test_links_are_known_after_a_restart_without_being_asked_for",
    "test_many_at_once_are_each_kept_once",
    "test_metrics_tell_counts_and_nothing_of_people",
    "test_nobody_can_be_followed_from_one_day_or_link_to_the_next",
    "test_two_follows_at_once_redirect_once",
    "test_two_processes_share_the_salt_of_the_day",
    "test_what_is_typed_a_moment_later_is_waited_for",
]

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres_url: str) -> str:
    """The address of an empty PostgreSQL database."""
    return postgres_url
