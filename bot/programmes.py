"""From a checked configuration to the plain values of the programme."""

import csv
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.config import (
    DAYS,
    ChannelPart,
    Config,
    HoursPart,
    LimitsPart,
    PointsPart,
    RetentionPart,
    TeamsLimitsPart,
    teams_path,
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
    WorkingHours,
)


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
            name: NetworkSettings(name=name, post_hosts=part.post_hosts)
            for name, part in config.networks.items()
            if part.enabled
        },
        languages=config.languages,
        topics=config.topics,
        link_domains=config.links.domains,
        needs_second_eyes=config.second_pair_of_eyes,
        disclosure=Disclosure(
            is_required=config.disclosure.required,
            lines={str(code): line for code, line in config.disclosure.lines.items()},
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
        smallest_crew=config.smallest_team,
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
