"""From a checked configuration to the plain values of the programme."""

import csv
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.config import Config, teams_path
from bot.config_parts import (
    DAYS,
    ChannelPart,
    HoursPart,
    LimitsPart,
    NetworkPart,
    PointsPart,
    RetentionPart,
    TeamsLimitsPart,
    ValuePart,
    VisitsPart,
)
from bot.core.points import PointsPolicy
from bot.core.privacy import RetentionPolicy
from bot.core.programme import (
    AnnounceChannel,
    BoardTime,
    Company,
    CrewSource,
    Disclosure,
    LateRules,
    NetworkSettings,
    Pace,
    Programme,
    RoleSource,
    VisitRules,
    WorkingHours,
)
from bot.core.social import Mode
from bot.core.value import Reach, ValuePolicy


def programme_of(config: Config, path: Path, *, public_url: str | None) -> Programme:
    """Return the programme that a checked configuration describes."""
    zone = ZoneInfo(config.time_zone)
    return Programme(
        company=Company(
            name=config.company.name,
            sponsor=config.company.sponsor.name,
            sponsor_word=config.company.sponsor.word,
            policy_url=str(config.company.policy_url or ""),
            campaign=config.company.campaign,
        ),
        zone=zone,
        public_url=public_url,
        channels=tuple(_channel(one, zone) for one in config.channels),
        curators_channel=config.curators_channel,
        networks={
            name: _network(name, part, has_address=public_url is not None)
            for name, part in config.networks.items()
            if part.enabled
        },
        languages=config.languages,
        topics=config.topics,
        link_domains=config.links.domains,
        needs_second_eyes=config.second_pair_of_eyes,
        disclosure=Disclosure(
            is_required=config.disclosure.required,
            lines={str(code): lines for code, lines in config.disclosure.lines.items()},
            markets=config.disclosure.markets,
            market=config.disclosure.market or "",
            has_prizes=config.disclosure.prizes,
        ),
        points=tuple(_points(one, zone) for one in config.points),
        retention=_retention(config.retention),
        working_hours=_hours(config.working_hours),
        curators=RoleSource(**config.roles.curators.model_dump()),
        admins=RoleSource(**config.roles.admins.model_dump()),
        crews=(*(CrewSource(**one.model_dump()) for one in config.teams), *_crews_of_file(teams_path(config, path))),
        paces={"slack": _pace(config.limits), "teams": _pace(config.limits_on_teams)},
        late=LateRules(
            announcement=timedelta(hours=config.late.announcement_hours), board=timedelta(hours=config.late.board_hours)
        ),
        visits=_visits(config.visits),
        value=_value(config.value),
        smallest_crew=config.smallest_team,
    )


def _network(name: str, part: NetworkPart, *, has_address: bool) -> NetworkSettings:
    """Return what is set for a network; without a public address nobody can be sent back from it."""
    mode = Mode(part.mode)
    return NetworkSettings(
        name=name,
        post_hosts=part.post_hosts,
        mode=mode if has_address or mode is not Mode.API else Mode.COMPOSER,
        server=str(part.server or "").rstrip("/"),
        api_version=part.api_version,
        is_vetted=part.is_vetted,
        cost_per_post=part.cost_per_post,
        cost_per_read=part.cost_per_read,
        reads_a_day=part.reads_a_day,
    )


def _channel(part: ChannelPart, zone: ZoneInfo) -> AnnounceChannel:
    board = None
    if part.board:
        own = ZoneInfo(part.board.time_zone) if part.board.time_zone else zone
        board = BoardTime(weekday=DAYS.index(part.board.day), at=part.board.time, zone=own)
    return AnnounceChannel(ref=part.id, name=part.name, language=part.language, topics=part.topics, board=board)


def _points(part: PointsPart, zone: ZoneInfo) -> PointsPolicy:
    values = part.model_dump(exclude={"valid_from"})
    return PointsPolicy(valid_from=datetime.combine(part.valid_from, time(0), zone).astimezone(UTC), **values)


def _retention(part: RetentionPart) -> RetentionPolicy:
    return RetentionPolicy(**{name: timedelta(days=days) for name, days in part.model_dump().items()})


def _visits(part: VisitsPart) -> VisitRules:
    return VisitRules(
        company_ranges=part.company_ranges,
        scanner_ranges=part.scanner_ranges,
        datacentre_ranges=part.datacentre_ranges,
        first_seconds=timedelta(seconds=part.first_seconds),
    )


def _value(part: ValuePart) -> ValuePolicy:
    return ValuePolicy(
        currency=part.currency,
        cpc=part.cpc,
        since=part.since,
        source=part.source,
        cost_per_month=part.cost_per_month,
        reach={name: Reach(audience=one.audience, rate=one.rate) for name, one in part.reach.items()},
    )


def _hours(part: HoursPart) -> WorkingHours:
    return WorkingHours(start=part.start, end=part.end, weekdays=tuple(DAYS.index(day) for day in part.days))


def _pace(part: LimitsPart | TeamsLimitsPart) -> Pace:
    return Pace(
        posts_a_minute=part.posts_a_minute,
        channel_pause=timedelta(seconds=part.channel_pause_seconds),
        updates_a_minute=part.updates_a_minute,
        lookups_a_minute=part.lookups_a_minute,
    )


def _crews_of_file(path: Path | None) -> tuple[CrewSource, ...]:
    """Read a CSV file with the columns `team` and `person` (a platform id or an e-mail address)."""
    if path is None:
        return ()
    people: dict[str, list[str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            people.setdefault((row.get("team") or "").strip(), []).append((row.get("person") or "").strip())
    return tuple(
        CrewSource(
            name=name,
            ids=tuple(one for one in listed if one and "@" not in one),
            emails=tuple(one for one in listed if "@" in one),
        )
        for name, listed in people.items()
        if name
    )
