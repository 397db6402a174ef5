"""The composition root: the only place where the parts meet; the tables of what handles what are here."""

import logging
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import time, timedelta
from time import perf_counter

import aiohttp

from bot.chat.parts import Chat
from bot.clock import FollowedClock, WallClock
from bot.config import Config
from bot.core import actions as a
from bot.core import jobs as j
from bot.core.cards import Chart
from bot.core.codec import name_of
from bot.core.duties import ALL_DUTIES, Duty
from bot.core.jobs import pool_name
from bot.core.people import Role
from bot.core.ports import ChatSurface, Clock, Dispatch
from bot.core.programme import Programme
from bot.core.reply import Reply
from bot.core.timing import Daily, DuePeriod, EveryMinutes, Weekly
from bot.database import database_url
from bot.dispatch import Dispatcher, Route
from bot.environment import Environment, secret_of
from bot.i18n.translator import words_for
from bot.process import Process
from bot.scheduler import Scheduler, Timer
from bot.serving import served, tasks_alone, web_parts
from bot.social import networks_of
from bot.web.readiness import Standing
from bot.web.tallies import Tallies
from bot.worker import JobHandler, Worker
from connectors.http import GuardedFetcher
from connectors.previews.opengraph import OpenGraphPreview
from connectors.social.composer import Composers
from handlers import (
    announce,
    ask,
    connect,
    credit,
    deliver,
    delivered,
    dismiss,
    failures,
    find,
    help,
    home,
    later,
    leaderboard,
    measure,
    moderate,
    pair,
    privacy,
    profile,
    publish,
    queue,
    recount,
    report,
    roles,
    setup,
    share,
    share_now,
    suggest,
)
from handlers.context import Outside
from storage.engine import Sessions
from storage.listening import JobNews
from storage.vault import Vault

log = logging.getLogger("vouch")

CURATOR, ADMIN = Role.CURATOR, Role.ADMIN

ROUTES: Mapping[type[a.Action], Route] = {
    a.OpenShare: Route(handler=share.open_share),
    a.ChangeShare: Route(handler=share.change_share),
    a.LeaveForNetwork: Route(handler=share.leave_for_network),
    a.ShareNow: Route(handler=share_now.share_now),
    a.SayThere: Route(handler=share_now.say_there),
    a.SayNotThere: Route(handler=share_now.say_not_there),
    a.SayShared: Route(handler=share.say_shared),
    a.OpenPermalink: Route(handler=share.open_permalink),
    a.SubmitPermalink: Route(handler=share.submit_permalink),
    a.UndoShare: Route(handler=share.undo_share, is_open=True),
    a.OpenLater: Route(handler=later.open_later),
    a.SubmitLater: Route(handler=later.submit_later),
    a.CancelLater: Route(handler=later.cancel_later, is_open=True),
    a.DismissPost: Route(handler=dismiss.dismiss_post),
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
    a.ShowReport: Route(handler=report.show_report, right=CURATOR),
    a.FindPosts: Route(handler=find.find_posts),
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
    a.Pair: Route(handler=pair.pair),
    a.AnswerPairing: Route(handler=pair.answer_pairing),
    a.OpenAccounts: Route(handler=connect.open_accounts),
    a.Connect: Route(handler=connect.connect),
    a.LeaveToConnect: Route(handler=connect.leave_to_connect),
    a.Disconnect: Route(handler=connect.disconnect, is_open=True),
    a.ShowHelp: Route(handler=help.show_help, is_open=True),
    a.Setup: Route(handler=setup.setup, is_open=True),
    a.ShowFailures: Route(handler=failures.show_failures, right=ADMIN),
    a.RetryJob: Route(handler=failures.retry_job, right=ADMIN),
    a.DropJob: Route(handler=failures.drop_job, right=ADMIN),
    a.ReleaseHeld: Route(handler=failures.release_held, right=ADMIN),
}

JOBS: Mapping[type[j.Job], JobHandler] = {
    j.AnnounceIn: announce.announce_in,
    j.RefreshAnnouncement: announce.refresh_announcement,
    j.ShowSuggestion: suggest.show_suggestion,
    j.RefreshSuggestion: suggest.refresh_suggestion,
    j.ShowPending: queue.show_pending,
    j.ReadPage: publish.read_page,
    j.SendPreview: publish.send_preview,
    j.AskShared: ask.ask_shared,
    j.DeliverShare: deliver.deliver_share,
    j.WatchDeliveries: deliver.watch_deliveries,
    j.TellDelivered: delivered.tell_delivered,
    j.AskLater: later.ask_later,
    j.TellDecision: suggest.tell_decision,
    j.TellPostDecision: queue.tell_post_decision,
    j.TellWithdrawal: announce.tell_withdrawal,
    j.PostBoard: leaderboard.post_board,
    j.AskPairing: pair.ask_pairing,
    j.TellConnected: connect.tell_connected,
    j.EndAccount: connect.end_account,
    j.WatchAccounts: connect.watch_accounts,
    j.SendExport: privacy.send_export,
    j.SendReport: report.send_report,
    j.MeasureShares: measure.measure_shares,
    j.CreditVisits: credit.credit_visits,
    j.PublishDue: announce.publish_due,
    j.RefreshRoles: roles.refresh_roles,
    j.RefreshPeople: privacy.refresh_people,
    j.ForgetOld: privacy.forget_old,
    j.RollTotals: recount.roll_totals,
}


def timers_of(programme: Programme, platforms: Sequence[str]) -> Sequence[Timer]:
    """Return everything that is done by time: TIMERS, people of each platform, one board per channel that wants it."""
    every_minute, night = EveryMinutes(minutes=1), timedelta(hours=26)
    soon = timedelta(minutes=10)
    return (
        Timer(name="publish_due", schedule=every_minute, make=lambda _: j.PublishDue(), max_age=soon),
        Timer(name="credit_visits", schedule=every_minute, make=lambda _: j.CreditVisits(), max_age=soon),
        Timer(name="refresh_roles", schedule=EveryMinutes(minutes=5), make=lambda _: j.RefreshRoles(), max_age=soon),
        Timer(
            name="watch_deliveries",
            schedule=EveryMinutes(minutes=5),
            make=lambda _: j.WatchDeliveries(),
            max_age=soon,
        ),
        Timer(
            name="measure_shares", schedule=EveryMinutes(minutes=15), make=lambda _: j.MeasureShares(), max_age=2 * soon
        ),
        *(_people_timer(platform, max_age=soon) for platform in platforms),
        Timer(
            name="roll_totals",
            schedule=Daily(at=time(0, 1), zone=programme.zone),
            make=lambda _: j.RollTotals(),
            max_age=night,
        ),
        Timer(
            name="watch_accounts",
            schedule=Daily(at=time(6, 0), zone=programme.zone),
            make=lambda _: j.WatchAccounts(),
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


def _people_timer(platform: str, *, max_age: timedelta) -> Timer:
    def make(_: DuePeriod) -> j.Job:
        return j.RefreshPeople(platform=platform)

    schedule = EveryMinutes(minutes=5)
    return Timer(name=f"refresh_people-{platform}", schedule=schedule, make=make, max_age=max_age, lane=platform)


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


def composers_of(config: Config) -> Composers:
    """Return the composers at the addresses that are configured."""
    bases = {name: str(part.composer_url) for name, part in config.networks.items() if part.composer_url}
    linkedin = config.networks.get("linkedin")
    return Composers(bases, linkedin_style=linkedin.composer if linkedin else "composer")


def chats_of(
    environment: Environment, sessions: Sessions, *, clock: Clock, http: aiohttp.ClientSession
) -> Mapping[str, Chat]:
    """Return the platforms that the environment names; what one needs is loaded only where it is used."""
    chats: dict[str, Chat] = {}
    if environment.has_slack:
        from bot.chat.slack import SlackChat

        chats["slack"] = SlackChat(environment, http=http)
    if environment.has_teams:
        from bot.chat.teams import TeamsChat

        chats["teams"] = TeamsChat(environment, sessions=sessions, clock=clock, http=http)
    return chats


def pools_of(surfaces: Mapping[str, ChatSurface]) -> Callable[[str, str], str]:
    """Return what names the pool of a job by the platform that knows its lane, or that is its lane."""
    others = tuple(surfaces.items())[1:]

    def named(pool: str, lane: str) -> str:
        return pool_name(pool, next((name for name, one in others if lane and (lane == name or one.knows(lane))), ""))

    return named


def build(
    environment: Environment,
    config: Config,
    programme: Programme,
    *,
    http: aiohttp.ClientSession,
    duties: Set[Duty] = ALL_DUTIES,
) -> Process:
    """Put the parts together for a process with these duties; nothing is read, written or called yet."""
    sessions = Sessions(database_url(environment))
    clock = FollowedClock(environment.clock_url) if environment.clock_url else WallClock()
    secret, composers = secret_of(environment.data, given=environment.secret_key), composers_of(config)
    chats = chats_of(environment, sessions, clock=clock, http=http)
    programme = replace(programme, is_on_two=len(chats) > 1)
    surfaces = {name: one.surface for name, one in chats.items()}
    sessions.pool_of = pools_of(surfaces)
    out = Outside(
        sessions=sessions,
        surfaces=surfaces,
        pages=OpenGraphPreview(GuardedFetcher(allow=environment.preview_allow)),
        charts=LazyCharts(),
        composers=composers,
        networks=networks_of(environment, config),
        vault=Vault(environment.data, given=environment.token_keys),
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
    tallies, standing = Tallies(), Standing(duties=duties)
    counted = CountedDispatch(dispatch, tallies)
    listening = [one.listen(counted, programme=programme, clock=clock) for one in chats.values()]
    worker = Worker(out=out, handlers=JOBS, is_alone=sessions.is_sqlite)
    alone = tasks_alone(listening, out, owner=worker.owner, standing=standing)
    return Process(
        environment=environment,
        sessions=sessions,
        http=http,
        clock=clock,
        listeners=[*(part for one in listening for part in one.parts), *alone.values()],
        closing=[*(part for one in listening for part in one.closing), news_of_jobs(sessions, worker, duties)],
        links=served(web_parts(environment, out, tallies=tallies, standing=standing), listening, alone),
        worker=worker,
        scheduler=Scheduler(sessions=sessions, timers=timers_of(programme, tuple(chats)), clock=clock),
        standing=standing,
    )


def news_of_jobs(sessions: Sessions, worker: Worker, duties: Set[Duty]) -> JobNews:
    """Return what tells other processes of jobs that this one has added, and wakes its worker for theirs."""
    news = JobNews(sessions, name=worker.owner)
    if Duty.WORKER in duties:
        news.on_news.append(worker.wake)
    return news


class CountedDispatch:
    """Counts what it hands to the dispatcher: the kind of deed, how it ended, how long it took."""

    def __init__(self, dispatch: Dispatch, tallies: Tallies) -> None:
        """Count in `tallies`."""
        self._dispatch = dispatch
        self._tallies = tallies

    async def __call__(self, interaction: a.Interaction) -> Reply:
        """Handle `interaction` and count it."""
        began = perf_counter()
        reply = await self._dispatch(interaction)
        shown = ("form", "errors", "card", "home")
        outcome = next((name for name in shown if getattr(reply, name)), "silence")
        self._tallies.count_interaction(name_of(interaction.action), outcome, perf_counter() - began)
        return reply
