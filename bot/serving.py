"""What a process serves, and what it does only while it leads, put together from its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from bot.chat.parts import Listening
from bot.core.duties import Duty
from bot.core.known_networks import ranges_with
from bot.core.visits import trusted_proxies
from bot.environment import Environment
from bot.leading import Lead, Task
from bot.web.app import Probes, Served, WebParts, create_web
from bot.web.readiness import Standing
from bot.web.tallies import Tallies
from bot.web.visitors import Tracking
from handlers.context import Outside
from storage.engine import Sessions
from storage.fingerprints import tell_held


def tasks_alone(listening: Sequence[Listening], out: Outside, *, owner: str, standing: Standing) -> Mapping[str, Task]:
    """Return what one process alone may do: on SQLite there is no other, on PostgreSQL it is the one that leads."""
    tasks = {name: task for one in listening for name, task in one.alone.items()}
    sessions = cast(Sessions, out.sessions)
    if sessions.is_sqlite:
        standing.leads.update(dict.fromkeys(tasks, True))
        return tasks
    return {
        name: Lead(task=task, name=name, owner=owner, sessions=sessions, clock=out.clock, leads=standing.leads)
        for name, task in tasks.items()
    }


def web_parts(environment: Environment, out: Outside, *, tallies: Tallies, standing: Standing) -> WebParts:
    """Return the parts of the web application, but for what platforms bring."""
    tracking = Tracking(
        sessions=cast(Sessions, out.sessions),
        clock=out.clock,
        zone=out.programme.zone,
        trusted=trusted_proxies(environment.trusted_proxies),
        journal=environment.data / "journal",
        ranges=ranges_with(out.programme.visits),
        first_seconds=out.programme.visits.first_seconds,
    )
    return WebParts(
        tracking=tracking,
        programme=out.programme,
        composers=out.composers,
        out=out,
        secret=out.secret,
        metrics_token=environment.metrics_token,
        tallies=tallies,
        standing=standing,
    )


def served(parts: WebParts, listening: Sequence[Listening], alone: Mapping[str, Task]) -> Served:
    """Return what answers requests: everything, or, in a process that hears nobody, those who run Vouch."""
    held = {"outbox": lambda: tell_held(parts.sessions)}
    if Duty.WEB not in parts.standing.duties:
        return Probes(replace(parts, checks=held))
    routes = [route for one in listening for route in one.routes]
    checks = held | {name: task.problem for name, task in alone.items()}
    return create_web(replace(parts, webhooks=routes, checks=checks))
