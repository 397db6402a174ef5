"""Log lines can be searched, and hold neither a secret nor what a person wrote."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.core.errors import Refused
from bot.environment import read_environment
from bot.logs import set_up_logs, tell

Lines = Callable[[], list[dict[str, Any]]]
WORDS = "what a colleague wrote, in confidence"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard error, with the logging of the tests put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    held = io.StringIO()
    monkeypatch.setattr(sys, "stderr", held)
    yield held
    root.handlers, root.level = before


@pytest.fixture
def lines(written: io.StringIO) -> Lines:
    """Set up JSON logs, and return what reads the lines written so far."""
    set_up_logs("json", secrets=("signing-secret-1", "signing-secret-12"))
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_one_object_with_time_level_name_and_event(lines: Lines) -> None:
    logging.getLogger("vouch.worker").warning("job %d is %s", 7, "failed")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("job 7 is failed", "warning", "vouch.worker")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-12-34-abcDEF",
        "xoxe.xoxp-1-abc",
        "xapp-1-A0-99-abc",
        "signing-secret-1",
        "signing-secret-12",
        "hooks.slack.com/commands/T1/2/abcdef",
    ],
)
def test_a_secret_is_masked_wherever_it_stands(lines: Lines, secret: str) -> None:
    log = logging.getLogger("vouch")
    log.warning("calling with %s now", secret)
    log.warning("held: %r", {"deep": [secret]})
    try:
        raise OSError(secret)
    except OSError:
        log.exception("it failed")
    tail = secret.removeprefix("hooks.slack.com/")
    assert len(lines()) == 3
    assert all(tail not in json.dumps(line) and "[secret]" in json.dumps(line) for line in lines())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [secret]"),
        ("GET /go/AbCdEf_-1234567 302", "GET /go/[secret] 302"),
        ("GET /connect/AbCdEf_-1234567890123456 303", "GET /connect/[secret] 303"),
        (
            "GET /connect/callback/x?state=abc-1&code=d.e~f 200",
            "GET /connect/callback/x?state=[secret]&code=[secret] 200",
        ),
        ("GET /p/0123456789abcdef.png", "GET /p/[secret].png"),
        ("wss://wss.slack.com/link/?ticket=aaaa-bbbb&app_id=1", "wss://wss.slack.com/link/?ticket=[secret]&app_id=1"),
        ("GET /l/aB3 302", "GET /l/aB3 302"),
    ],
)
def test_what_gives_access_is_masked_and_nothing_else(lines: Lines, line: str, shown: str) -> None:
    logging.getLogger("vouch").warning(line)
    assert [one["event"] for one in lines()] == [shown]


def fail_as_a_database_does() -> None:
    """Fail the way a database does that repeats the value it refuses."""
    try:
        raise ValueError(f"Key (text)=({WORDS}) already exists")
    except ValueError as cause:
        raise IntegrityError("INSERT INTO share", {"text": WORDS}, cause) from cause


def test_a_traceback_shows_the_code_and_not_what_a_person_wrote(lines: Lines) -> None:
    try:
        fail_as_a_database_does()
    except IntegrityError:
        logging.getLogger("vouch").exception("a defect")
    (line,) = lines()
    assert WORDS not in json.dumps(line)
    assert "in fail_as_a_database_does" in line["exception"]
    assert line["exception"].index("ValueError") < line["exception"].index("which led to")
    assert line["exception"].endswith("sqlalchemy.exc.IntegrityError")


def test_messages_about_code_and_our_own_codes_are_kept() -> None:
    assert tell(AttributeError("no attribute 'x'")) == "AttributeError: no attribute 'x'"
    assert tell(Refused("channel_not_found")) == "bot.core.errors.Refused: channel_not_found"
    assert tell(KeyError(WORDS)) == "KeyError"


def test_every_failure_of_a_group_is_told() -> None:
    told = tell(ExceptionGroup("two", [KeyError(WORDS), TypeError("wrong type")]))
    assert told == "ExceptionGroup\nwith KeyError\nwith TypeError: wrong type"


@pytest.mark.parametrize("name", ["slack_sdk.web.async_client", "slack_bolt.AsyncApp", "aiosqlite", "asyncio"])
def test_what_libraries_say_of_requests_is_not_written(lines: Lines, name: str) -> None:
    logging.getLogger(name).debug("request body: %s", WORDS)
    logging.getLogger(name).info("request body: %s", WORDS)
    assert lines() == []


def test_plain_lines_are_masked_too(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written)  # pytest puts its own back between a fixture and its test
    set_up_logs("plain")
    logging.getLogger("vouch").warning("token xoxb-1-2-3")
    assert "token [secret]" in written.getvalue()


def test_every_secret_of_the_environment_is_named_for_masking(tmp_path: Any) -> None:  # noqa: ANN401
    given = {
        "SLACK_BOT_TOKEN": "one",
        "SLACK_SIGNING_SECRET": "two",
        "SLACK_APP_TOKEN": "three",
        "METRICS_TOKEN": "four",
        "DATABASE_URL": "postgresql://vouch:five@db/vouch",
    }
    found = read_environment({**given, "VOUCH_DATA": str(tmp_path)})
    assert set(found.secrets) == {"one", "two", "three", "four", "five"}
