"""Deliveries that come again: Teams asks twice more when an invoke was not answered in time, and shows the last answer.

Source: msteams-docs respond-to-task-module-submit. The inbox keeps a deed from being done twice, but it has no answer
for the second delivery; without one the person would see an empty dialog, or lose what they typed in it. The process
that made an answer keeps it. One that was lost with its process is not known to the others: `Display.repeat` says so.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta

from connectors.chat.teams.guard import Answer

LASTS = timedelta(minutes=1)  # ours: three deliveries, five seconds each, have come by then
MOST = 500  # ours: a dialog has some KB


class Repeats:
    """Gives every delivery of one activity the same answer, also while the first is still being worked on."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        """Remember at most `most` answers, each for `LASTS` by the clock `now`."""
        self._now = now
        self._most = most
        self._answers: OrderedDict[str, tuple[float, asyncio.Future[Answer]]] = OrderedDict()

    async def once(self, key: str, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return what `work` answers, or answered before to the same `key`; work that failed is done again."""
        known = self._answers.get(key)
        if known is not None and known[0] >= self._oldest():
            return await asyncio.shield(known[1])
        self._make_room()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[key] = (self._now(), answer)
        try:
            answer.set_result(await work())
        except BaseException as error:
            self._answers.pop(key, None)
            answer.set_exception(error if isinstance(error, Exception) else RuntimeError("given up"))
            answer.exception()  # nobody else may be waiting for it
            raise
        return answer.result()

    def _oldest(self) -> float:
        return self._now() - LASTS.total_seconds()

    def _make_room(self) -> None:
        oldest = self._oldest()
        while self._answers:
            key, (began, _) = next(iter(self._answers.items()))
            if began >= oldest and len(self._answers) < self._most:
                return
            del self._answers[key]
