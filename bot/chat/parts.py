"""What the composition root gets of a platform, whichever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.routing import BaseRoute

from bot.core.ports import ChatSurface, Clock, Dispatch
from bot.core.programme import Programme
from bot.leading import Task
from bot.process import Startable


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How a platform reaches us: what is started and stopped, in this order, and its routes.

    `alone` comes after the parts, and is for one process at a time. `closing` is stopped after the worker, whose last
    jobs still speak to the platform.
    """

    parts: Sequence[Startable]
    alone: Mapping[str, Task] = field(default_factory=dict)
    closing: Sequence[Startable] = ()
    routes: Sequence[BaseRoute] = ()


class Chat(Protocol):
    """One platform: `surface` to speak, `listen` to be spoken to."""

    surface: ChatSurface

    def listen(self, dispatch: Dispatch, *, programme: Programme, clock: Clock) -> Listening:
        """Return what hands everything that people do there to `dispatch`."""
