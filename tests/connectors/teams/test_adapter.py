"""A turn of the SDK leads an activity to our logic as it was sent; what the SDK gets wrong does not reach anybody."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botframework.connector.aio import ConnectorClient

from connectors.chat.teams.adapter import Turns
from connectors.chat.teams.guard import Answer, Json, Rejected
from tests.connectors.teams.issuer import activity, click

ROOT = Path(__file__).parents[3]
HANDLED = ["message", "invoke", "conversationUpdate", "installationUpdate", "messageReaction"]
PASSED_OVER = [
    "typing",
    "event",
    "messageUpdate",
    "messageDelete",
    "endOfConversation",
    "trace",
    "handoff",
    "unheard of",
]


@dataclass
class Logic:
    """Keeps what it is given and answers what a test says."""

    answer: Answer = Answer(status=200, body={"statusCode": 200})  # noqa: RUF009 - frozen
    fault: Exception | None = None
    received: list[Json] = field(default_factory=list)

    async def __call__(self, given: Json) -> Answer:
        self.received.append(given)
        if self.fault is not None:
            raise self.fault
        return self.answer


@pytest.fixture(scope="module")
def turns() -> Turns:
    return Turns()


@pytest.mark.parametrize("kind", HANDLED)
async def test_what_we_handle_reaches_our_logic_as_it_was_sent(turns: Turns, kind: str) -> None:
    logic = Logic()
    sent = activity(kind, name="task/fetch", value={"data": {}}, recipient={"id": "28:x", "isTargeted": True})
    kept = {**sent, "recipient": dict(sent["recipient"])}
    assert await turns.run(sent, logic) is logic.answer
    assert logic.received[0] is sent
    assert sent == kept


@pytest.mark.parametrize("kind", PASSED_OVER)
async def test_what_nobody_handles_is_accepted_and_passed_over(turns: Turns, kind: str) -> None:
    logic = Logic()
    assert await turns.run(activity(kind, name="x"), logic) == Answer(status=202, body=None)
    assert logic.received == []


@pytest.mark.parametrize(
    "changes",
    [
        {"membersAdded": [{"id": "28:bot"}]},
        {"membersAdded": "x", "membersRemoved": 5, "reactionsAdded": {}, "action": []},
        {"timestamp": "yesterday", "localTimestamp": 5, "expiration": "9999-99-99"},
        {"entities": [{"type": "ClientCapabilities", "x": 1}, 5], "attachments": ["x"], "historyDisclosed": "x"},
        {"deliveryMode": "expectReplies"},
        {"conversation": {"id": "a:1", "tenantId": "t", "new": {"a": [1]}}, "relatesTo": "x"},
    ],
)
@pytest.mark.parametrize("kind", HANDLED)
async def test_fields_that_the_sdk_would_stumble_over_do_not_cost_a_click(
    turns: Turns, kind: str, changes: dict[str, Any]
) -> None:
    logic = Logic()
    sent = {**activity(kind), **changes}
    assert await turns.run(sent, logic) is logic.answer
    assert logic.received == [sent]


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "28:x"},
        {"from": ["29:1"]},
        {"conversation": 5},
        {"conversation": {"id": "a:1", "isGroup": "perhaps"}},
    ],
)
async def test_what_the_sdk_cannot_read_gets_400(turns: Turns, changes: dict[str, Any]) -> None:
    logic = Logic()
    with pytest.raises(Rejected) as caught:
        await turns.run({**activity(), **changes}, logic)
    assert (caught.value.status, logic.received) == (400, [])


@pytest.mark.parametrize("fault", [KeyError("x"), RuntimeError("x"), Rejected(400, "x")])
@pytest.mark.parametrize("sent", [activity(), click()])
async def test_a_failure_of_our_logic_comes_out_and_is_not_swallowed(
    turns: Turns, sent: Json, fault: Exception
) -> None:
    with pytest.raises(type(fault)) as caught:
        await turns.run(sent, Logic(fault=fault))
    assert caught.value is fault


@pytest.mark.parametrize(
    "name", ["signin/verifyState", "signin/tokenExchange", "adaptiveCard/action", "task/submit", "unheard/of"]
)
async def test_every_invoke_is_answered_by_our_logic(turns: Turns, name: str) -> None:
    logic = Logic(answer=Answer(status=501))
    assert await turns.run(click(name=name), logic) == Answer(status=501)
    assert len(logic.received) == 1


async def test_turns_at_once_do_not_mix(turns: Turns) -> None:
    gate = asyncio.Barrier(20)

    async def logic(given: Json) -> Answer:
        await gate.wait()
        return Answer(status=200, body={"for": given["id"]})

    answers = await asyncio.gather(*(turns.run(click(id=str(number)), logic) for number in range(20)))
    assert [one.body for one in answers] == [{"for": str(number)} for number in range(20)]


async def test_no_client_of_the_sdk_is_ever_made(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise AssertionError("a connector client was made")

    monkeypatch.setattr(ConnectorClient, "__init__", refuse)
    assert (await turns.run(click(), Logic())).status == 200


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


def test_loading_the_sdk_gives_no_warning() -> None:
    done = run_python("import connectors.chat.teams.adapter")
    assert (done.returncode, done.stderr) == (0, "")


def test_only_the_adapter_loads_the_sdk() -> None:
    done = run_python(
        "import sys, connectors.chat.teams.webhook\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('botbuilder', 'botframework', 'msrest')])"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
