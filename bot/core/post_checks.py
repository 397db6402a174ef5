"""What makes the form of a post fit to announce: every fault at once, each with the field it belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from urllib.parse import urlsplit

from bot.core.disclosure import default_line
from bot.core.links import SLUG_LENGTH, UnfitLink, clean_target
from bot.core.networks import NETWORKS
from bot.core.posts import MAX_SUMMARY, MAX_TITLE, Draft
from bot.core.programme import Programme
from bot.core.texts import plain, room_left, shorten
from bot.core.timing import NotATime, WhenFault, parse_when

MAX_DISCLOSURE = 200
_OF_THE_DAY = frozenset({WhenFault.NO_SUCH_DATE, WhenFault.PAST, WhenFault.TOO_FAR, WhenFault.UNREADABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one field: the key of a text, with its values."""

    key: str
    params: Mapping[str, object] = field(default_factory=dict)


class UnfitDraft(ValueError):
    """The draft cannot be announced as it is; `faults` says why, by field."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        """Fail for `faults`."""
        super().__init__(", ".join(f"{name}: {fault.key}" for name, fault in faults.items()))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedWording:
    """A wording that fits; `network` is `None` where it suits every network."""

    language: str
    text: str
    position: int
    network: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPost:
    """A post that may be announced; `publish_at` is `None` for now, `expires_at` for never."""

    title: str
    summary: str
    link: str
    source: str
    picture: str
    language: str
    channels: tuple[str, ...]
    topics: tuple[str, ...]
    networks: tuple[str, ...]
    disclosure: str
    wordings: tuple[CheckedWording, ...]
    publish_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What a draft is checked against; `announced_in` are the channels in which it stands already (published)."""

    programme: Programme
    zone: tzinfo
    now: datetime
    locale: str
    is_published: bool = False
    announced_in: tuple[str, ...] = ()


def check_draft(draft: Draft, checks: Checks) -> CheckedPost:
    """Return the post that the draft describes; raises `UnfitDraft` with every fault at once."""
    faults: dict[str, Fault] = {}
    link = _link(draft.link, "link", faults, domains=checks.programme.link_domains)
    picture = _link(draft.picture, "picture", faults) if draft.picture.strip() else ""
    title, summary = " ".join(plain(draft.title).split()), plain(draft.summary).strip()
    disclosure = " ".join(plain(draft.disclosure).split())
    faults |= _lengths(title, summary, disclosure)
    faults |= _choices(draft, checks)
    publish_at, expires_at = _times(draft, checks, faults)
    wordings = _wordings(draft)
    faults |= _unfit_wordings(draft, checks.programme, wordings, link=link)
    if faults:
        raise UnfitDraft(faults)
    return CheckedPost(
        title=title,
        summary=summary,
        link=link,
        source=_source(draft, link),
        picture=picture,
        language=draft.language,
        channels=draft.channels,
        topics=tuple(one for one in draft.topics if one in checks.programme.topics),
        networks=draft.networks,
        disclosure=disclosure,
        wordings=tuple(wordings),
        publish_at=publish_at,
        expires_at=expires_at,
    )


def is_within(link: str, domains: tuple[str, ...]) -> bool:
    """Say whether the link's host is one of `domains` or below one; no domains allow every host."""
    host = (urlsplit(link).hostname or "").lower()
    return not domains or any(host == one.lower() or host.endswith(f".{one.lower()}") for one in domains)


def _link(typed: str, name: str, faults: dict[str, Fault], *, domains: tuple[str, ...] = ()) -> str:
    try:
        link = clean_target(typed.strip())
    except UnfitLink as error:
        faults[name] = Fault(key=f"link.{error.reason.value}")
        return ""
    if not is_within(link, domains):
        faults[name] = Fault(key="post.link_elsewhere", params={"domains": ", ".join(domains)})
    return link


def _lengths(title: str, summary: str, disclosure: str) -> Iterator[tuple[str, Fault]]:
    if not title:
        yield "title", Fault(key="post.title_empty")
    for name, text, most in (
        ("title", title, MAX_TITLE),
        ("summary", summary, MAX_SUMMARY),
        ("disclosure", disclosure, MAX_DISCLOSURE),
    ):
        if len(text) > most:
            yield name, Fault(key="post.too_long", params={"most": most, "length": len(text)})


def _choices(draft: Draft, checks: Checks) -> Iterator[tuple[str, Fault]]:
    programme = checks.programme
    if not draft.channels or any(programme.channel(ref) is None for ref in draft.channels):
        yield "channels", Fault(key="post.channels_empty")
    elif set(checks.announced_in) - set(draft.channels):
        yield "channels", Fault(key="post.channel_stays")
    if not draft.networks or not set(draft.networks) <= programme.networks.keys() & NETWORKS.keys():
        yield "networks", Fault(key="post.networks_empty")
    if draft.language not in programme.languages:
        yield "language", Fault(key="post.language_empty")


def _times(draft: Draft, checks: Checks, faults: dict[str, Fault]) -> tuple[datetime | None, datetime | None]:
    publish_at = None if checks.is_published else _when(draft, checks, faults, name="publish")
    expires_at = _when(draft, checks, faults, name="expires", default="23:59")
    if expires_at is not None and expires_at <= (publish_at or checks.now):
        faults["expires_on"] = Fault(key="post.expires_first")
    return publish_at, expires_at


def _when(draft: Draft, checks: Checks, faults: dict[str, Fault], *, name: str, default: str = "") -> datetime | None:
    on, at = getattr(draft, f"{name}_on").strip(), getattr(draft, f"{name}_at").strip()
    if not on and not at:
        return None
    if not on:
        faults[f"{name}_on"] = Fault(key="post.day_missing")
        return None
    if not (at or default):
        faults[f"{name}_at"] = Fault(key="post.time_missing")
        return None
    try:
        return parse_when(f"{on} {at or default}", checks.zone, checks.now, checks.locale)
    except NotATime as error:
        box = "on" if error.reason in _OF_THE_DAY else "at"
        faults[f"{name}_{box}"] = Fault(key=f"when.{error.reason.value}", params={"hint": error.hint})
        return None


def _wordings(draft: Draft) -> list[CheckedWording]:
    return [
        CheckedWording(language=language, text=plain(box.text).strip(), position=place, network=box.network or None)
        for language, boxes in sorted(draft.wordings.items())
        for place, box in enumerate(boxes)
        if box.text.strip()
    ]


def _unfit_wordings(
    draft: Draft, programme: Programme, wordings: list[CheckedWording], *, link: str
) -> Iterator[tuple[str, Fault]]:
    own = f"{programme.public_url}/l/{'x' * SLUG_LENGTH}" if programme.public_url else link
    for one in wordings:
        fault = _unfit(one, draft, programme, link=own)
        if fault is not None and one.language == draft.wording_language:
            yield f"wording_{one.position + 1}", fault
        elif fault is not None:
            yield "wording_language", Fault(key="post.wording_elsewhere", params={"language": one.language})


def _unfit(one: CheckedWording, draft: Draft, programme: Programme, *, link: str) -> Fault | None:
    if one.network is not None and one.network not in draft.networks:
        return Fault(key="post.wording_network_off", params={"network": _label(one.network)})
    wanted = programme.disclosure
    default = default_line(programme.company.name, wanted, language=one.language) if wanted.is_required else ""
    disclosure = draft.disclosure.strip() or default
    for network in (one.network,) if one.network else draft.networks:
        known = NETWORKS.get(network)
        if known is None or not known.takes_text:
            continue
        room = room_left(network, one.text, disclosure=disclosure, link=link)
        if room is not None and room < 0:
            return Fault(key="post.wording_too_long", params={"network": known.label, "over": -room})
    return None


def _label(network: str) -> str:
    known = NETWORKS.get(network)
    return known.label if known else network


def _source(draft: Draft, link: str) -> str:
    if draft.source and draft.source_link.strip() == draft.link.strip():
        return shorten(draft.source, MAX_TITLE)
    return (urlsplit(link).hostname or "").removeprefix("www.")
