"""What the composition root gets of a platform, whichever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.routing import BaseRoute

from bot.core.ports import ChatSurface, Clock, Dispatch
from bot.core.programme import Programme
from bot.process import Startable
from bot.web.app import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How a platform reaches us: what is started and stopped, in this order, its routes, and what `/readyz` asks.

    `closing` is stopped after the worker, whose last jobs still speak to the platform.
    """

    parts: Sequence[Startable]
    closing: Sequence[Startable] = ()
    routes: Sequence[BaseRoute] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)


class Chat(Protocol):
    """One platform: `surface` to speak, `listen` to be spoken to."""

    surface: ChatSurface

    def listen(self, dispatch: Dispatch, *, programme: Programme, clock: Clock) -> Listening:
        """Return what hands everything that people do there to `dispatch`."""
