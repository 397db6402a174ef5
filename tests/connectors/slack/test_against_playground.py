"""Both halves of the protocol, written apart from each other, understand each other: over HTTP and over Socket Mode."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from bot.core import actions as a
from bot.core.actions import Interaction
from bot.core.cards import (
    Button,
    Buttons,
    Card,
    DateField,
    Form,
    LinkButton,
    Menu,
    Option,
    SelectField,
    Table,
    Text,
    TextField,
)
from bot.core.ports import Attachment
from bot.core.reply import SILENCE, Reply
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.socket import SlackSocket
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace
from playground.ports import listen
from playground.server import create_app, make_server
from playground.settings import Secrets, Settings
from tests.connectors.slack.conftest import NOTICES, FixedClock

SECRETS = Secrets(**{"bot_token": "xoxb-test", "signing_secret": "0123456789abcdef", "app_token": "xapp-test"})
SANNE, OFFICE = "U0SANNE", "C0GENERAL"
SHARE = Button(label="Share", action=a.OpenShare(post_id=7), style="primary", about="Winter report")
MENU = Menu(items=(Button(label="Not for me", action=a.DismissPost(post_id=7)),))
POST = Card(title="Winter *report* <!channel>", body=(Buttons((SHARE, MENU)), Table(("Team",), (("North",),))))


def share_form(network: str = "linkedin", edition: int = 0) -> Form:
    """Return a small share window."""
    options = (Option(value="linkedin", label="LinkedIn"), Option(value="x", label="X"))
    leave = LinkButton(label="Open", url="http://127.0.0.1:1/go/t", action=a.LeaveForNetwork(share_id=5))
    return Form(
        ref="share-5",
        title="Share",
        body=(
            SelectField(name="network", label="Network", options=options, value=network, saves=True),
            TextField(name="text", label="Words", value="drawn", is_long=True, edition=edition),
            DateField(name="publish_on", label="Day"),
            Buttons((leave,)),
        ),
        submit=a.ChangeShare(share_id=5),
        change=a.ChangeShare(share_id=5),
        closed=a.UndoShare(share_id=5),
    )


class Bot:
    """Answers by the kind of what is asked; keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[Interaction] = []
        self.answers: dict[type[a.Action], Reply] = {
            a.OpenShare: Reply(form=share_form(), fallback=Card(title="Again?")),
            a.DismissPost: Reply(card=Card(title="Never again")),
            a.ShowHelp: Reply(card=Card(title="Help", body=(Text(("<!here> & *stars*",)),))),
            a.OpenHome: Reply(home=POST),
            a.DirectMessage: Reply(card=Card(title="Heard")),
            a.SuggestMessage: Reply(form=Form(ref="s-1", title="Suggest", body=(Text(("Which?",)),))),
        }

    async def __call__(self, interaction: Interaction) -> Reply:
        """Keep and answer."""
        self.asked.append(interaction)
        action = interaction.action
        if isinstance(action, a.ChangeShare):
            return Reply(errors={"text": "Too short."}) if action.text == "no" else Reply(form=share_form("x", 1))
        return self.answers.get(type(action), SILENCE)

    def last(self) -> a.Action:
        """Return what was asked for last."""
        return self.asked[-1].action


@dataclass
class Office:
    """A playground with our connector behind it."""

    url: str
    bot: Bot
    surface: SlackSurface
    session: aiohttp.ClientSession

    async def do(self, act: str, **body: object) -> dict[str, Any]:
        """Do something as Sanne."""
        async with self.session.post(f"{self.url}/api/{act}", json={"as": SANNE, **body}) as answer:
            told: dict[str, Any] = await answer.json()
        assert told["ok"], told
        return told

    async def see(self, what: str) -> dict[str, Any]:
        """Look at something as Sanne."""
        async with self.session.get(f"{self.url}/api/{what}", params={"as": SANNE, "channel": OFFICE}) as answer:
            told: dict[str, Any] = await answer.json()
        return told


@asynccontextmanager
async def serving(app: Starlette, port: int) -> AsyncIterator[None]:
    """Serve an app on a port of this machine."""
    server = make_server(app)
    task = asyncio.create_task(server.serve([listen(port)]))
    await server.serves.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task


@pytest.fixture(params=["http", "socket"])
async def office(
    request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Office]:
    door, ours = unused_tcp_port_factory(), unused_tcp_port_factory()
    is_socket = request.param == "socket"
    settings = Settings(
        data=tmp_path, port=door, bot_url=f"http://127.0.0.1:{ours}", secrets=SECRETS, is_socket_mode=is_socket
    )
    async with aiohttp.ClientSession() as session, serving(create_app(settings), door):
        client = new_client(SECRETS.bot_token, session=session, api_url=f"{settings.address}/slack/api")
        workspace, bot = Workspace(client), Bot()
        inbound = SlackInbound(bot, client=client, workspace=workspace, notices=NOTICES, clock=FixedClock())
        here = Office(settings.address, bot, SlackSurface(client, workspace=workspace), session)
        if is_socket:
            socket = SlackSocket(inbound, client=client, workspace=workspace, app_token=SECRETS.app_token)
            await socket.start()
            yield here
            await socket.stop()
        else:
            webhook = SlackWebhook(inbound, signing_secret=SECRETS.signing_secret)
            async with serving(Starlette(routes=webhook.routes()), ours):
                yield here
        await inbound.stop()


async def test_a_post_is_shared_from_the_channel_with_ones_own_words(office: Office) -> None:
    ref = await office.surface.post(OFFICE, POST, key="announce-1")
    ts = ref.partition(":")[2]
    opened = await office.do("click", channel=OFFICE, ts=ts, action_id="open_share")
    assert office.bot.last() == a.OpenShare(post_id=7)
    assert office.bot.asked[-1].message_ref == ref
    view = opened["view"]["id"]
    changed = await office.do(
        "click", view_id=view, action_id="network", value="x", state={"text": {"text": "mine & <ours>"}}
    )
    assert office.bot.last() == a.ChangeShare(share_id=5, network="x", text="mine & <ours>")
    assert changed["view"]["blocks"][1]["block_id"] == "text.1"
    gone = await office.do(
        "click", view_id=view, action_id="leave_for_network", state={"text.1": {"text": "my own"}}, wait_s=0
    )
    assert (office.bot.last(), gone["url"]) == (
        a.LeaveForNetwork(share_id=5, network="x", text="my own"),
        "http://127.0.0.1:1/go/t",
    )
    kept = await office.do("submit", view_id=view, values={"text.1": {"text": "no"}})
    assert kept["errors"] == {"text.1": "Too short."}
    await office.do("close", view_id=view)
    assert office.bot.last() == a.UndoShare(share_id=5)


async def test_private_answers_commands_and_the_home_tab(office: Office) -> None:
    ref = await office.surface.post(OFFICE, POST, key="announce-1")
    answer = await office.do("click", channel=OFFICE, ts=ref.partition(":")[2], action_id="menu", value=
                             '{"do":"dismiss_post","post_id":7}')  # fmt: skip
    assert [one["text"] for one in answer["ephemeral"]] == ["Never again"]
    told = await office.do("command", channel=OFFICE, text="/vouch post payload tips", wait_s=0)
    assert office.bot.last() == a.StartPost(link="payload tips")
    told = await office.do("command", channel=OFFICE, text="/vouch help")
    assert [one["text"] for one in told["ephemeral"]] == ["Help\n&lt;!here&gt; &amp; *stars*"]
    await office.do("open_home")
    home = (await office.see("home"))["view"]
    assert [block["type"] for block in home["blocks"]] == ["header", "actions", "rich_text"]


async def test_direct_messages_shortcuts_and_files(office: Office) -> None:
    sent = await office.do("dm", text="see https://example.com/a?b&c and <this>")
    assert office.bot.last() == a.DirectMessage(text="see https://example.com/a?b&c and <this>")
    assert sent["ts"]
    said = await office.do("say", channel=OFFICE, text="look: https://example.com/news?a=1&b=2")
    opened = await office.do("shortcut", callback_id="suggest_this", channel=OFFICE, ts=said["ts"])
    assert office.bot.last() == a.SuggestMessage(
        text="look: https://example.com/news?a=1&b=2", links=("https://example.com/news?a=1&b=2",)
    )
    assert opened["view"]["title"]["text"] == "Suggest"
    await office.surface.send_file(SANNE, Attachment(name="mine.json", body=b"{}", note="Here"))
    person = await office.surface.look_up(SANNE)
    assert person.is_full_member
    assert OFFICE in await office.surface.list_channels()


async def test_a_message_and_a_window_are_redrawn(office: Office) -> None:
    ref = await office.surface.tell(SANNE, POST, key="k")
    await office.surface.update(SANNE, ref, Card(title="Redrawn"))
    post = await office.surface.post(OFFICE, POST, key="k2")
    await office.do("click", channel=OFFICE, ts=post.partition(":")[2], action_id="open_share")
    await office.surface.redraw_window("share-5", share_form("x", 3))
    view = (await office.see("view"))["view"]
    assert view["blocks"][1]["block_id"] == "text.3"
