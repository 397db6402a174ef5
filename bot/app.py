"""The composition root: the only place where the parts meet; the tables of what handles what are here."""

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.clock import FollowedClock, WallClock
from bot.config import Config, ConfigError, read_config
from bot.core import actions as a
from bot.core import jobs as j
from bot.core.cards import Card, Chart
from bot.core.errors import Refused
from bot.core.people import Role
from bot.core.programme import Programme
from bot.core.timing import Daily, DuePeriod, EveryMinutes, Weekly
from bot.core.visits import trusted_proxies
from bot.dispatch import Dispatcher, Route
from bot.environment import Environment, missing_for_run, read_environment, secret_of
from bot.i18n.translator import words_for
from bot.logs import set_up_logs
from bot.process import Process, hold_folder, serve
from bot.programmes import programme_of
from bot.scheduler import Scheduler, Timer
from bot.web.app import create_web
from bot.web.redirect import TrackedLinks, Tracking
from bot.worker import JobHandler, Worker
from connectors.chat.slack.calls import new_client
from connectors.chat.slack.display import Notices
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.socket import SlackSocket
from connectors.chat.slack.surface import SlackSurface
from connectors.chat.slack.webhook import SlackWebhook
from connectors.chat.slack.workspace import Workspace
from connectors.http import GuardedFetcher, new_session
from connectors.previews.opengraph import OpenGraphPreview
from connectors.social.composer import Composers
from handlers import (
    announce,
    credit,
    failures,
    help,
    home,
    leaderboard,
    moderate,
    privacy,
    profile,
    publish,
    queue,
    roles,
    setup,
    share,
    suggest,
)
from handlers.context import Outside
from storage.engine import AWAY, Sessions, sqlite_url
from storage.schema import SchemaState, schema_state

log = logging.getLogger("vouch")

UNUSABLE = {
    SchemaState.NEWER: "its schema is of a newer version of Vouch; run that version, or restore a backup of before",
    SchemaState.DAMAGED: "it is no database or a damaged one; restore a backup (docs/operations.md#backup-and-restore)",
}

CURATOR, ADMIN = Role.CURATOR, Role.ADMIN

ROUTES: Mapping[type[a.Action], Route] = {
    a.OpenShare: Route(handler=share.open_share),
    a.ChangeShare: Route(handler=share.change_share),
    a.LeaveForNetwork: Route(handler=share.leave_for_network),
    a.SayShared: Route(handler=share.say_shared),
    a.OpenPermalink: Route(handler=share.open_permalink),
    a.SubmitPermalink: Route(handler=share.submit_permalink),
    a.UndoShare: Route(handler=share.undo_share, is_open=True),
    a.DismissPost: Route(handler=share.dismiss_post),
    a.AnswerWelcome: Route(handler=share.answer_welcome),
    a.StartPost: Route(handler=publish.start_post, right=CURATOR),
    a.SkipReading: Route(handler=publish.skip_reading, right=CURATOR),
    a.SaveDraft: Route(handler=publish.save_draft, right=CURATOR),
    a.ReviewPost: Route(handler=publish.review_post, right=CURATOR),
    a.PreviewPost: Route(handler=publish.preview_post, right=CURATOR),
    a.AnnouncePost: Route(handler=publish.announce_post, right=CURATOR),
    a.DiscardDraft: Route(handler=publish.discard_draft, right=CURATOR),
    a.Suggest: Route(handler=suggest.suggest),
    a.SuggestMessage: Route(handler=suggest.suggest_message),
    a.SubmitSuggestion: Route(handler=suggest.submit_suggestion),
    a.DirectMessage: Route(handler=suggest.direct_message),
    a.ShowQueue: Route(handler=queue.show_queue, right=CURATOR),
    a.Approve: Route(handler=moderate.approve, right=CURATOR),
    a.OpenDecline: Route(handler=moderate.open_decline, right=CURATOR),
    a.Decline: Route(handler=moderate.decline, right=CURATOR),
    a.Edit: Route(handler=moderate.edit, right=CURATOR),
    a.Schedule: Route(handler=moderate.schedule, right=CURATOR),
    a.Withdraw: Route(handler=moderate.withdraw, right=CURATOR),
    a.ShowBoard: Route(handler=leaderboard.show_board),
    a.ShowMe: Route(handler=profile.show_me),
    a.ShowWhy: Route(handler=profile.show_why, is_open=True),
    a.OpenHome: Route(handler=home.open_home, is_open=True),
    a.OpenSettings: Route(handler=profile.open_settings),
    a.SaveSettings: Route(handler=profile.save_settings),
    a.Leave: Route(handler=profile.leave, is_open=True),
    a.ComeBack: Route(handler=profile.come_back, is_open=True),
    a.ShowPrivacy: Route(handler=privacy.show_privacy, is_open=True),
    a.ExportMine: Route(handler=privacy.export_mine, is_open=True),
    a.EraseMe: Route(handler=privacy.erase_me, is_open=True),
    a.ShowHelp: Route(handler=help.show_help, is_open=True),
    a.Setup: Route(handler=setup.setup, is_open=True),
    a.ShowFailures: Route(handler=failures.show_failures, right=ADMIN),
    a.RetryJob: Route(handler=failures.retry_job, right=ADMIN),
    a.DropJob: Route(handler=failures.drop_job, right=ADMIN),
}

JOBS: Mapping[type[j.Job], JobHandler] = {
    j.AnnounceIn: announce.announce_in,
    j.RefreshAnnouncement: announce.refresh_announcement,
    j.ShowSuggestion: suggest.show_suggestion,
    j.RefreshSuggestion: suggest.refresh_suggestion,
    j.ShowPending: queue.show_pending,
    j.ReadPage: publish.read_page,
    j.SendPreview: publish.send_preview,
    j.AskShared: share.ask_shared,
    j.TellDecision: suggest.tell_decision,
    j.TellPostDecision: queue.tell_post_decision,
    j.TellWithdrawal: announce.tell_withdrawal,
    j.PostBoard: leaderboard.post_board,
    j.SendExport: privacy.send_export,
    j.CreditVisits: credit.credit_visits,
    j.PublishDue: announce.publish_due,
    j.RefreshRoles: roles.refresh_roles,
    j.ForgetOld: privacy.forget_old,
    j.RollTotals: credit.roll_totals,
}


def timers_of(programme: Programme) -> Sequence[Timer]:
    """Return everything that is done by time: TIMERS, and one board per channel that wants it."""
    every_minute, night = EveryMinutes(minutes=1), timedelta(hours=26)
    soon = timedelta(minutes=10)
    return (
        Timer(name="publish_due", schedule=every_minute, make=lambda _: j.PublishDue(), max_age=soon),
        Timer(name="credit_visits", schedule=every_minute, make=lambda _: j.CreditVisits(), max_age=soon),
        Timer(name="refresh_roles", schedule=EveryMinutes(minutes=5), make=lambda _: j.RefreshRoles(), max_age=soon),
        Timer(
            name="roll_totals",
            schedule=Daily(at=time(0, 1), zone=programme.zone),
            make=lambda _: j.RollTotals(),
            max_age=night,
        ),
        Timer(
            name="forget_old",
            schedule=Daily(at=time(3, 30), zone=programme.zone),
            make=lambda _: j.ForgetOld(),
            max_age=night,
        ),
        *(_board_timer(programme, one.ref) for one in programme.channels if one.board is not None),
    )


def _board_timer(programme: Programme, channel_ref: str) -> Timer:
    channel = programme.channel(channel_ref)
    if channel is None or channel.board is None:
        raise KeyError(channel_ref)

    def make(period: DuePeriod) -> j.Job:
        return j.PostBoard(channel_ref=channel_ref, until=period.due_at.isoformat())

    board = channel.board
    return Timer(
        name=f"board-{channel_ref}",
        schedule=Weekly(weekday=board.weekday, at=board.at, zone=board.zone),
        make=make,
        max_age=programme.late.board,
        lane=channel_ref,
        makes_up=True,
    )


class LazyCharts:
    """Loads the painter with the first chart: it weighs more than everything else together."""

    async def paint(self, chart: Chart) -> bytes:
        """Return `chart` as a PNG."""
        from connectors.charts import MatplotlibCharts

        return await MatplotlibCharts().paint(chart)


def read_installation() -> tuple[Environment, Config, Programme]:
    """Read and check environment and configuration; raises `ConfigError` with every problem of the first that fails."""
    environment = read_environment()
    config = read_config(environment.config_path)
    programme = programme_of(config, environment.config_path, public_url=environment.public_url)
    return environment, config, programme


def database_url(environment: Environment) -> str:
    """Return the database's address: the one that is set, else SQLite in the data folder."""
    return environment.database_url or sqlite_url(environment.data)


def composers_of(config: Config) -> Composers:
    """Return the composers at the addresses that are configured."""
    bases = {name: str(part.composer_url) for name, part in config.networks.items() if part.composer_url}
    linkedin = config.networks.get("linkedin")
    return Composers(bases, linkedin_style=linkedin.composer if linkedin else "composer")


def build(environment: Environment, config: Config, programme: Programme, *, http: aiohttp.ClientSession) -> Process:
    """Put the parts together; nothing is read, written or called yet."""
    sessions = Sessions(database_url(environment))
    clock = FollowedClock(environment.clock_url) if environment.clock_url else WallClock()
    secret, composers = secret_of(environment.data), composers_of(config)
    client = new_client(environment.slack_bot_token, session=http, api_url=environment.slack_api_url)
    workspace = Workspace(client)
    surfaces = {"slack": SlackSurface(client, workspace=workspace)}
    out = Outside(
        sessions=sessions,
        surfaces=surfaces,
        pages=OpenGraphPreview(GuardedFetcher(allow=environment.preview_allow)),
        charts=LazyCharts(),
        composers=composers,
        clock=clock,
        programme=programme,
        words=words_for,
        secret=secret,
    )
    dispatch = Dispatcher(
        sessions=sessions,
        routes=ROUTES,
        surfaces=surfaces,
        programme=programme,
        composers=composers,
        clock=clock,
        secret=secret,
    )
    inbound = SlackInbound(dispatch, client=client, workspace=workspace, notices=_notices(programme), clock=clock)
    return Process(
        environment=environment,
        sessions=sessions,
        http=http,
        clock=clock,
        inbound=inbound,
        socket=_socket(environment, inbound, client, workspace),
        links=_links(environment, out, inbound),
        worker=Worker(out=out, handlers=JOBS, is_alone=sessions.is_sqlite),
        scheduler=Scheduler(sessions=sessions, timers=timers_of(programme), clock=clock),
    )


def _notices(programme: Programme) -> Notices:
    words = words_for(programme.languages[0], str(programme.zone))
    return Notices(
        window_failed=Card(title=words.text("error.window_failed")),
        unreadable=Card(title=words.text("error.unreadable")),
    )


def _socket(
    environment: Environment, inbound: SlackInbound, client: AsyncWebClient, workspace: Workspace
) -> SlackSocket | None:
    if not environment.slack_app_token:
        return None
    return SlackSocket(inbound, client=client, workspace=workspace, app_token=environment.slack_app_token)


async def _prepare(sessions: Sessions) -> None:
    """Bring SQLite's schema up to date; PostgreSQL, which others may share, is left to `vouch migrate`."""
    state = await schema_state(sessions)
    if state in UNUSABLE:
        raise ConfigError([f"database: {UNUSABLE[state]}"])
    if state is SchemaState.CURRENT:
        return
    if not sessions.is_sqlite:
        raise ConfigError([f"database: its schema is {state}; run `vouch migrate` first"])
    from storage.migrations.upgrade import upgrade

    await upgrade(sessions)


async def _run(demo: Path | None) -> None:
    environment, config, programme = read_installation()
    missing = missing_for_run(environment)
    if missing:
        raise ConfigError(missing)
    set_up_logs("plain" if environment.log_format == "plain" else "json", secrets=environment.secrets)
    process = build(environment, config, programme, http=new_session())
    with hold_folder(environment.data) as is_ours:
        if not is_ours and process.sessions.is_sqlite:
            raise ConfigError([f"VOUCH_DATA: another vouch is running on {environment.data}; stop that one first"])
        await _prepare(process.sessions)
        if demo is not None:
            await _fill(demo, process, programme)
        await serve(process)


async def _fill(demo: Path, process: Process, programme: Programme) -> None:
    from bot.demo import fill_demo

    if isinstance(process.clock, FollowedClock):
        await process.clock.read(process.http)
    await fill_demo(demo, process.worker.out, programme)


def main(demo: Path | None) -> int:
    """Run the bot; 2 if it is set up wrongly (what is wrong is printed), 1 if something it needs is away."""
    try:
        asyncio.run(_run(demo))
    except ConfigError as error:
        return _complain(error.problems, 2)
    except Refused as error:
        return _complain([f"the platform refuses the token ({error.code}); see `vouch doctor`"], 1)
    except AWAY as error:
        return _complain([f"the database does not answer ({type(error).__name__}); see `vouch doctor`"], 1)
    return 0


def migrate_database() -> int:
    """Bring the schema up to date; the codes are those of `main`."""
    from storage.migrations.upgrade import upgrade

    async def work() -> None:
        sessions = Sessions(database_url(read_environment()))
        state = await schema_state(sessions)
        if state in UNUSABLE:
            raise ConfigError([f"database: {UNUSABLE[state]}; nothing was changed"])
        await upgrade(sessions)
        await sessions.close()

    try:
        asyncio.run(work())
    except ConfigError as error:
        return _complain(error.problems, 2)
    except AWAY as error:
        return _complain([f"the database does not answer ({type(error).__name__}); see `vouch doctor`"], 1)
    return _complain(["the schema is current"], 0)


def _complain(lines: Sequence[str], code: int) -> int:
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the answer of a command
    return code
