"""Whatever can be asked for has a route, and whatever can be queued has somebody who does it."""

from bot.app import JOBS, ROUTES
from bot.core import jobs
from bot.core.codec import actions
from bot.core.commands import COMMANDS
from bot.core.jobs import POLICIES, Job, kind_of, kinds
from bot.core.people import Role


def test_every_action_has_a_route_and_no_route_is_left_over() -> None:
    assert set(ROUTES) == set(actions().values())


def test_every_job_has_a_policy_and_a_handler() -> None:
    known = {kind for kind in vars(jobs).values() if isinstance(kind, type) and issubclass(kind, Job)} - {Job}
    assert set(JOBS) == set(POLICIES) == known


def test_every_job_has_a_name_of_its_own() -> None:
    assert len(kinds()) == len(POLICIES)
    assert all(kinds()[kind_of(kind)] is kind for kind in POLICIES)


def test_a_word_in_the_help_takes_the_right_that_its_action_takes() -> None:
    for command in COMMANDS.values():
        right = ROUTES[type(command.build("S1 some words"))].right
        assert command.right.rank == right.rank or right is Role.MEMBER, command.word
