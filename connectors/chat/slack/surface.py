"""`ChatSurface` over Slack's Web API: each method one call, but for files and paged lists, which are several."""

import re
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.cards import Card, Form
from bot.core.errors import Refused, TryLater
from bot.core.people import Person
from bot.core.ports import Attachment
from connectors.chat.slack.calls import AGAIN_AFTER, CALL_WITHIN, call
from connectors.chat.slack.people import person_from
from connectors.chat.slack.render import render_message, render_window
from connectors.chat.slack.workspace import Workspace

JOB_EVENT = "vouch_job"
_REFERENCE = re.compile(r"[A-Z][A-Z0-9-]{2,}")
_PAGE = 200
_MOST_PAGES = 100


class SlackSurface:
    """Where people talk: a message's reference is "channel:ts", so that one in a direct conversation can be redrawn."""

    def __init__(self, client: AsyncWebClient, *, workspace: Workspace) -> None:
        """Speak through `client`, which is built by `new_client` and never repeats a post by itself."""
        self._client = client
        self._workspace = workspace

    def knows(self, ref: str) -> bool:
        """Say whether `ref` has the form of Slack's ids: a letter for the kind, then capitals and digits."""
        return _REFERENCE.fullmatch(ref) is not None

    async def post(self, channel_ref: str, card: Card, *, key: str) -> str:
        """Post `card` in a channel and return the message's reference; `key` marks the message, it does not dedupe."""
        sent = self._client.chat_postMessage(
            channel=channel_ref,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": JOB_EVENT, "event_payload": {"key": key}},
            **render_message(card),
        )
        told = await call(sent, is_post=True)
        return f"{told['channel']}:{told['ts']}"

    async def update(self, channel_ref: str, message_ref: str, card: Card) -> None:
        """Redraw a message of ours; doing it twice is harmless."""
        channel, _, ts = message_ref.rpartition(":")
        await call(self._client.chat_update(channel=channel or channel_ref, ts=ts, **render_message(card)))

    async def tell(self, person_ref: str, card: Card, *, key: str) -> str:
        """Send `card` to one person's conversation with the bot and return the message's reference."""
        return await self.post(person_ref, card, key=key)

    async def send_file(self, person_ref: str, attachment: Attachment) -> None:
        """Send a file to one person's conversation with the bot; only the last of the four steps shows it."""
        opened = await call(self._client.conversations_open(users=person_ref))
        size = len(attachment.body)
        place = await call(self._client.files_getUploadURLExternal(filename=attachment.name, length=size))
        await self._upload(str(place["upload_url"]), attachment.body)
        shared = self._client.files_completeUploadExternal(
            files=[{"id": str(place["file_id"]), "title": attachment.name}],
            channel_id=str(opened["channel"]["id"]),
            initial_comment=attachment.note or None,
        )
        await call(shared, is_post=True)

    async def _upload(self, url: str, body: bytes) -> None:
        session = self._client.session
        if session is None:
            raise ValueError("the client needs a session: build it with new_client")
        timeout = aiohttp.ClientTimeout(total=CALL_WITHIN.total_seconds() * 2)
        try:
            async with session.post(url, data=body, timeout=timeout) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            raise TryLater(AGAIN_AFTER, "unreachable") from None
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise TryLater(AGAIN_AFTER, f"http_{status}")
        if status >= HTTPStatus.BAD_REQUEST:
            raise Refused(f"http_{status}")

    async def redraw_window(self, window: str, form: Form) -> None:
        """Redraw the open window whose `Form.ref` is `window`; `Refused("not_found")` if it is not open."""
        await call(self._client.views_update(external_id=window, view=render_window(form)))

    async def look_up(self, person_ref: str) -> Person:
        """Return a person as Slack describes them now."""
        home = await self._workspace.home()
        told = await call(self._client.users_info(user=person_ref, include_locale=True))
        return person_from(told["user"], home)

    async def find_by_email(self, email: str) -> Person | None:
        """Return the person with this address, or `None`; needs the scope users:read.email."""
        home = await self._workspace.home()
        try:
            told = await call(self._client.users_lookupByEmail(email=email))
        except Refused as error:
            if error.code == "users_not_found":
                return None
            raise
        return person_from(told["user"], home)

    async def list_group(self, group_ref: str) -> Sequence[str]:
        """Return the references of the people in a user group; needs the scope usergroups:read."""
        told = await call(self._client.usergroups_users_list(usergroup=group_ref))
        return tuple(str(one) for one in told.get("users") or ())

    async def list_channels(self) -> Sequence[str]:
        """Return the references of the channels that the bot is in; private ones only with the scope groups:read."""
        try:
            return [channel async for channel in self._channels("public_channel,private_channel")]
        except Refused as error:
            if error.code != "missing_scope":
                raise
        return [channel async for channel in self._channels("public_channel")]

    async def _channels(self, types: str) -> AsyncIterator[str]:
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            told = await call(
                self._client.users_conversations(types=types, exclude_archived=True, limit=_PAGE, cursor=cursor)
            )
            for channel in told["channels"]:
                yield str(channel["id"])
            cursor = (told.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
