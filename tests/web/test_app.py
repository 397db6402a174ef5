"""Health, readiness, metrics, pictures, and everything that is not there."""

import logging
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.core.duties import ALL_DUTIES, Duty
from bot.core.jobs import CreditVisits
from bot.web.pages import language_wanted
from bot.web.readiness import Readiness, Standing
from storage.engine import Sessions, sqlite_url
from storage.migrations import HEAD
from storage.models import Picture
from storage.queries.jobs import add_job
from storage.queries.pictures import add_picture
from storage.types import keyed_hash
from tests.handlers.conftest import NOW, SECRET
from tests.tables import add_tables
from tests.web.conftest import METRICS_TOKEN, Makes, Web

PNG = b"\x89PNG\r\n\x1a\nnot much of one"
TOKEN = "abcdefghijklmnopqrstuv"  # noqa: S105 - of a picture


async def test_it_is_alive_and_ready(web: Web) -> None:
    assert (await web.ask("/healthz")).text == "alive\n"
    ready = await web.ask("/readyz")
    assert (ready.status, ready.text) == (200, '{"ready":true,"checks":{"database":"ok"}}')


async def test_it_is_not_ready_with_another_schema_and_says_what_to_do(web: Web) -> None:
    async with web.world.sessions.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    ready = await web.ask("/readyz")
    assert ready.status == 503
    assert "run `vouch migrate`" in ready.text


@pytest.mark.parametrize(("reads_from", "status"), [(HEAD, 200), ("9998", 503)], ids=["can_live_with", "cannot"])
async def test_on_newer_tables_it_is_ready_if_it_can_live_with_them(web: Web, reads_from: str, status: int) -> None:
    async with web.world.sessions.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await session.execute(text("UPDATE installation SET reads_from = :oldest"), {"oldest": reads_from})
    assert (await web.ask("/readyz")).status == status


async def test_a_platform_that_is_away_is_told_and_takes_nobody_out(makes: Makes) -> None:
    async def is_down() -> str | None:
        return "Socket Mode is not connected"

    async def is_broken() -> str | None:
        raise ValueError("secret words of somebody")

    async with makes.serve(parts=makes.parts(checks={"slack": is_down, "other": is_broken})) as web:
        ready = await web.ask("/readyz")
    assert ready.status == 200
    assert '"slack":"Socket Mode is not connected"' in ready.text
    assert '"other":"no answer (ValueError)"' in ready.text
    assert "somebody" not in ready.text


async def test_a_process_that_stops_says_so_and_still_answers(makes: Makes) -> None:
    standing = Standing()
    async with makes.serve(parts=replace(makes.parts(), standing=standing)) as web:
        assert (await web.ask("/readyz")).status == 200
        standing.is_stopping = True
        ready = await web.ask("/readyz")
        assert ready.status == 503
        assert '"process":"stopping"' in ready.text
        assert (await web.ask("/healthz")).status == 200
        await web.add_link()
        assert (await web.ask("/l/abcd2345")).status == 302


@pytest.mark.parametrize(("duties", "bridged"), [(ALL_DUTIES, 200), ({Duty.WORKER}, 503)], ids=["links", "worker"])
async def test_links_go_on_for_a_minute_without_the_database_and_jobs_do_not(
    tmp_path: Path, duties: Set[Duty], bridged: int
) -> None:
    sessions, now = Sessions(sqlite_url(tmp_path)), [1000.0]
    await add_tables(sessions)
    away = Sessions(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/vouch.db")
    readiness = Readiness(sessions, connections={}, standing=Standing(duties=duties), seconds=lambda: now[0])
    request = Request({"type": "http", "method": "GET", "headers": []})
    assert (await readiness.answer(request)).status_code == 200
    readiness._sessions = away
    now[0] += 59
    answer = await readiness.answer(request)
    assert answer.status_code == bridged
    assert b"no answer (OperationalError)" in answer.body
    now[0] += 2
    assert (await readiness.answer(request)).status_code == 503
    await sessions.close()
    await away.close()


async def test_metrics_tell_what_a_process_does_and_leads(makes: Makes) -> None:
    async def is_down() -> str | None:
        return "Socket Mode is not connected"

    standing = Standing(duties={Duty.WEB}, leads={"slack-socket": True})
    parts = makes.parts(checks={"slack-socket": is_down})
    async with makes.serve(parts=replace(parts, standing=standing)) as web:
        told = (await web.ask("/metrics")).text.splitlines()
    for line in (
        'vouch_process_info{role="web"} 1.0',
        'vouch_process_info{role="worker"} 0.0',
        'vouch_leader{task="slack-socket"} 1.0',
        'vouch_check_ok{check="database"} 1.0',
        'vouch_check_ok{check="slack-socket"} 0.0',
        "vouch_stopping 0.0",
    ):
        assert line in told, line
    (in_use,) = [line for line in told if line.startswith("vouch_database_connections ")]
    assert 0 <= float(in_use.split()[1]) <= 21  # whatever is read at that moment


async def test_metrics_tell_counts_and_nothing_of_people(web: Web) -> None:
    await web.add_link()
    await web.ask("/l/abcd2345")
    await web.ask("/l/abcd2345", agent="curl/8")
    await web.ask("/l/wxyz6789")
    await web.are_kept(2)
    web.tracked._tallies.count_interaction("open_share", "form", 0.003)
    async with web.world.sessions.begin() as session:
        await add_job(session, CreditVisits(), now=NOW)
    told = (await web.ask("/metrics")).text
    for line in (
        'vouch_visits_total{kind="human"} 1.0',
        'vouch_visits_total{kind="crawler"} 1.0',
        'vouch_redirects_total{status="302"} 2.0',
        'vouch_redirects_total{status="404"} 1.0',
        'vouch_interactions_total{action="open_share",outcome="form"} 1.0',
        'vouch_interaction_seconds_bucket{le="0.005"} 1.0',
        'vouch_interaction_seconds_bucket{le="0.0025"} 0.0',
        "vouch_interaction_seconds_count 1.0",
        "vouch_redirect_seconds_count 3.0",
        "vouch_jobs_due 1.0",
        "vouch_jobs_held_back 0.0",
        "vouch_jobs_failed 0.0",
        "vouch_journal_bytes 0.0",
        "vouch_visits_lost_total 0.0",
    ):
        assert line in told.splitlines(), line
    assert "Ada" not in told


async def test_metrics_answer_this_machine_and_who_has_the_token_only(makes: Makes) -> None:
    async with makes.serve("127.0.0.1") as web:
        assert (await web.ask("/metrics")).status == 200
        for name in ("X_Forwarded_For", "Forwarded", "X_Real_IP", "Via"):
            assert (await web.ask("/metrics", **{name: "127.0.0.1"})).status == 403
        wrong = {"X_Forwarded_For": "203.0.113.7", "Authorization": "Bearer wrong"}
        assert (await web.ask("/metrics", **wrong)).status == 403
        right = wrong | {"Authorization": f"Bearer {METRICS_TOKEN}"}
        assert (await web.ask("/metrics", **right)).status == 200


async def test_without_a_configured_token_no_token_fits(makes: Makes) -> None:
    async with makes.serve(parts=replace(makes.parts(), metrics_token="")) as web:
        answer = await web.ask("/metrics", X_Forwarded_For="203.0.113.7", Authorization="Bearer ")
    assert answer.status == 403


async def test_a_picture_is_shown_to_who_has_its_address(web: Web) -> None:
    async with web.world.sessions.begin() as session:
        await add_picture(session, body=PNG, token_hash=keyed_hash(SECRET, TOKEN), now=NOW)
        await add_picture(session, body=b"another", token_hash=keyed_hash(SECRET, TOKEN), now=NOW)
    answer = await web.ask(f"/p/{TOKEN}.png")
    assert (answer.status, answer.body) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["x-content-type-options"] == "nosniff"
    async with web.world.sessions.reading() as session:
        kept = (await session.scalars(select(Picture.token_hash))).one()
    assert TOKEN.encode() not in kept


@pytest.mark.parametrize("name", [f"{TOKEN[:-1]}x.png", "short.png", f"{TOKEN}.jpg", TOKEN, "%2e%2e.png", "a" * 900])
async def test_no_other_address_shows_a_picture(web: Web, name: str) -> None:
    async with web.world.sessions.begin() as session:
        await add_picture(session, body=PNG, token_hash=keyed_hash(SECRET, TOKEN), now=NOW)
    answer = await web.ask(f"/p/{name}")
    assert answer.status == 404
    assert PNG not in answer.body


@pytest.mark.parametrize("path", ["//", "/admin", "/l", "/go", "/go/", "/p/", "/favicon.ico", "/%00"])
async def test_everything_else_is_a_plain_page(web: Web, path: str) -> None:
    answer = await web.ask(path, Accept_Language="nl")
    assert answer.status == 404
    assert "Deze pagina bestaat niet" in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize(
    ("asked", "says", "rules"),
    [
        (
            "en-GB",
            "with which people at R&amp;D &lt;Brightwater&gt; share",
            "The rules of R&amp;D &lt;Brightwater&gt; for",
        ),
        (
            "nl",
            "daarmee delen mensen van R&amp;D &lt;Brightwater&gt;",
            "De regels van R&amp;D &lt;Brightwater&gt; voor",
        ),
    ],
)
async def test_the_front_page_says_whose_it_is_and_leads_to_the_rules(
    makes: Makes, asked: str, says: str, rules: str
) -> None:
    company = replace(
        makes.world.programme.company, name="R&D <Brightwater>", policy_url='https://example.com/?a=1&b="'
    )
    makes.world.programme = replace(makes.world.programme, company=company)
    async with makes.serve() as web:
        answer = await web.ask("/", Accept_Language=asked)
        looked_at = await web.ask("/", method="HEAD")
    assert (answer.status, looked_at.status, looked_at.body) == (200, 200, b"")
    assert "<h1>R&amp;D &lt;Brightwater&gt;</h1>" in answer.text
    assert says in answer.text
    assert f'<a href="https://example.com/?a=1&amp;b=&quot;">{rules}' in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text


async def test_the_front_page_is_there_without_rules_and_without_a_public_address(makes: Makes) -> None:
    company = replace(makes.world.programme.company, policy_url="")
    makes.world.programme = replace(makes.world.programme, company=company, public_url=None)
    async with makes.serve() as web:
        answer = await web.ask("/")
        assert (await web.ask("/", method="POST")).status == 405
    assert (answer.status, "<a " in answer.text) == (200, False)
    assert "Brightwater" in answer.text


async def test_a_known_address_with_another_method_is_not_allowed(web: Web) -> None:
    assert (await web.ask("/healthz", method="POST")).status == 405


async def test_webhooks_are_served_beside_it_and_a_defect_in_one_shows_no_details(
    makes: Makes, caplog: pytest.LogCaptureFixture
) -> None:
    async def hook(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def broken(_: Request) -> Response:
        raise ValueError("what somebody wrote")

    hooks = (Route("/slack/events", hook, methods=["POST"]), Route("/broken", broken))
    with caplog.at_level(logging.CRITICAL, logger="uvicorn.error"):
        async with makes.serve(parts=replace(makes.parts(), webhooks=hooks)) as web:
            assert (await web.ask("/slack/events", method="POST")).status == 200
            answer = await web.ask("/broken")
    assert answer.status == 500
    assert "somebody" not in answer.text


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "en"),
        ("nl", "nl"),
        ("nl-BE,nl;q=0.9", "nl"),
        ("de,nl;q=0.5,en;q=0.4", "nl"),
        ("en-GB,nl;q=0.9", "en"),
        ("nl;q=0.1,en;q=0.8", "en"),
        ("fr", "en"),
        ("nl;q=junk,en;q=0.2", "en"),
        ("," * 5000, "en"),
        ("*", "en"),
    ],
)
def test_a_browser_is_answered_in_the_language_it_asks_for_first(asked: str, language: str) -> None:
    assert language_wanted(asked) == language
