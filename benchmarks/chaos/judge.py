"""Judges a run: what was acknowledged and is not there is lost, what is there twice is doubled. Pure."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.chaos.acts import Act, Diary, Kind
from benchmarks.chaos.evidence import Announcement, Evidence, Job, Share

GIVEN_UP = ("failed", "uncertain")
OUT = ("confirmed", "evidenced", "uncertain", "undone")
UNDER_WAY = ("queued", "sending", "running")
REPEATED = {"delivered": "tell_delivered"}
"""Keys under which a message may stand once for each job of that kind that ended, and the kind."""

TOLD = {"tell_decision": "decision-{suggestion_id}-{member_id}", "show_suggestion": "suggestion-{suggestion_id}"}
"""Kinds of jobs that have not ended without their message, and its key."""


@dataclass(slots=True)
class Verdict:
    """What was found, each with its evidence in a line."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Court:
    """One run's evidence, arranged so that each claim finds its own."""

    evidence: Evidence
    diary: Diary
    by_key: Mapping[str, int]
    announced_in: Mapping[int, Job]
    by_ref: Mapping[str, int]


def judge(evidence: Evidence, diary: Diary) -> Verdict:
    """Return what was lost and what was doubled in a run that has come to rest."""
    keys = Counter(one.key for one in evidence.messages if one.key)
    jobs = {one.carries("announcement_id"): one for one in evidence.jobs if one.kind == "announce_in"}
    places = {one.ref: number for number, one in enumerate(evidence.messages)}
    court = Court(evidence, diary, keys, jobs, places)
    verdict = Verdict()
    for act in diary.acts:
        if diary.is_acknowledged(act):
            verdict.lost += [f"{act.kind} {act}: {why}" for why in CLAIMS[act.kind](court, act)]
    for check in (_unfinished, _stale, _silent, _unpaid, _uncounted):
        verdict.lost += check(court)
    for check in (_said_twice, _shared_twice, _counted_twice):
        verdict.doubled += check(court)
    verdict.doubled += evidence.earned_twice
    return verdict


# What was acknowledged


def _post_of(court: Court, word: str) -> int:
    mark = f"p={word.split()[1]}"
    return next((one.id for one in court.evidence.posts.values() if one.link.endswith(mark)), 0)


def _announced(court: Court, act: Act) -> Iterator[str]:
    number = _post_of(court, act.word)
    placed = {one.channel: one for one in court.evidence.announcements if one.post_id == number}
    for place in act.places:
        if place not in placed:
            yield f"no announcement in {place}"
        elif why := _not_out(court, placed[place]):
            yield f"{place}: {why}"


def _not_out(court: Court, one: Announcement) -> str:
    job = court.announced_in.get(one.id)
    if court.by_key.get(f"announce-{one.id}", 0) or (job is not None and job.state in GIVEN_UP):
        return ""
    if court.evidence.posts[one.post_id].state != "published":
        return ""  # it was withdrawn before it was announced there
    return f"announcement {one.id} is not there, and its job is {job.state if job else 'not there either'}"


def _edited(court: Court, act: Act) -> Iterator[str]:
    post = court.evidence.posts.get(act.number)
    if post is not None and _is_last(court, act) and post.title != act.word:
        yield f"the title is {post.title!r}"


def _is_last(court: Court, act: Act) -> bool:
    """Say whether nobody tried to change the same thing after that act, or while it was answered."""
    return not any(
        one is not act and (one.kind, one.number) == (act.kind, act.number) and one.answered_at > act.asked_at
        for one in court.diary.acts
        if act.number or one.who == act.who
    )


def _withdrawn(court: Court, act: Act) -> Iterator[str]:
    post = court.evidence.posts.get(act.number)
    if post is None or post.state != "withdrawn":
        yield f"the post is {post.state if post else 'not there'}"


def _suggested(court: Court, act: Act) -> Iterator[str]:
    if not any(one.link.endswith(f"s={act.word}") for one in court.evidence.suggestions.values()):
        yield "there is no such suggestion"


def _decided(court: Court, act: Act) -> Iterator[str]:
    found = court.evidence.suggestions.get(act.number)
    if found is None or found.state not in ("approved", "declined"):
        yield f"the suggestion is {found.state if found else 'not there'}"


def _about_share(holds: Callable[[Share, Act], bool]) -> Callable[[Court, Act], Iterator[str]]:
    def claim(court: Court, act: Act) -> Iterator[str]:
        share = court.evidence.shares.get(act.number)
        if share is None or not (share.is_undone or holds(share, act)):
            yield f"the share is {share}"

    return claim


def _queued(court: Court, act: Act) -> Iterator[str]:
    share = court.evidence.shares.get(act.number)
    if share is None:
        yield "the share is not there"
        return
    if act.word not in share.text:
        if _is_last(court, act) and not _was_earlier(court, act, share):
            yield f"its words are not those of {share}"
        return
    there = sum(act.word in one.text for one in court.evidence.published)
    if share.state in UNDER_WAY:
        yield "it is still under way"
    elif there and share.state not in OUT:
        yield f"it is out, and the share is {share.state}"
    elif not there and share.state not in GIVEN_UP:
        yield f"it is not out, and the share is {share.state}"


def _was_earlier(court: Court, act: Act, share: Share) -> bool:
    """Say whether the words that go out are those of an earlier click, of which the member had no answer."""
    mine = [one for one in court.diary.acts if (one.kind, one.number) == (Kind.QUEUED, act.number)]
    return any(one.word in share.text and one.asked_at < act.asked_at for one in mine)


def _set(court: Court, act: Act) -> Iterator[str]:
    if _is_last(court, act) and court.evidence.named.get(act.who) != act.word:
        yield f"kept is {court.evidence.named.get(act.who)!r}"


CLAIMS: Mapping[Kind, Callable[[Court, Act], Iterator[str]]] = {
    Kind.ANNOUNCED: _announced,
    Kind.EDITED: _edited,
    Kind.WITHDRAWN: _withdrawn,
    Kind.SUGGESTED: _suggested,
    Kind.DECIDED: _decided,
    Kind.OPENED: _about_share(lambda share, _: share.is_opened),
    Kind.SAID: _about_share(lambda share, _: share.is_said),
    Kind.PROVED: _about_share(lambda share, act: share.permalink == act.word),
    Kind.UNDONE: _about_share(lambda share, _: share.is_undone),
    Kind.QUEUED: _queued,
    Kind.SET: _set,
}


# What the whole shows


def _unfinished(court: Court) -> list[str]:
    found = [f"job {one.id} ({one.kind}) is still {one.state}" for one in court.evidence.jobs if one.state == "running"]
    shares = [one for one in court.evidence.shares.values() if one.state in UNDER_WAY]
    return [*found, *(f"share {one.id} is still {one.state}" for one in shares)]


def _stale(court: Court) -> list[str]:
    """Return the announcements whose message does not show what became of its post."""
    evidence = court.evidence
    failed = {one.carries("announcement_id") for one in evidence.jobs if one.state == "failed"}
    found = []
    for one in evidence.announcements:
        place, post = court.by_ref.get(one.ref), evidence.posts[one.post_id]
        if not one.ref or one.id in failed:
            continue
        if place is None:
            found.append(f"announcement {one.id} knows {one.ref}, which is not there")
            continue
        message = evidence.messages[place]
        if post.title not in message.said or message.can_share != (post.state == "published"):
            found.append(f"announcement {one.id} does not show post {post}: {message.said[:80]}")
    return found


def _silent(court: Court) -> list[str]:
    """Return the jobs that say they are done, and of which there is no message."""
    found = []
    for one in court.evidence.jobs:
        if one.state == "done" and one.kind in TOLD:
            key = TOLD[one.kind].format_map(json.loads(one.held))
            if not court.by_key.get(key, 0):
                found.append(f"job {one.id} ({one.kind}) is done, and there is no message {key}")
    return found


def _unpaid(court: Court) -> list[str]:
    return [f"{who}: {entries} in the ledger, {total} in the total" for who, entries, total in _differing(court)]


def _differing(court: Court) -> list[tuple[str, int, int]]:
    points = court.evidence.points
    return [(who, entries, total) for who, (entries, total) in sorted(points.items()) if entries != total]


def _uncounted(court: Court) -> list[str]:
    diary, visits = court.diary, court.evidence.visits
    return [
        f"link {slug}: {answered} visits were answered, {visits.get(slug, (0, 0))[0]} are kept"
        for slug, answered in sorted(diary.answered.items())
        if answered > visits.get(slug, (0, 0))[0]
    ]


def _said_twice(court: Court) -> list[str]:
    allowed: Counter[str] = Counter()
    for one in court.evidence.jobs:
        for prefix, kind in REPEATED.items():
            if one.kind == kind and one.state in ("done", "uncertain"):
                allowed[f"{prefix}-{one.carries('share_id')}"] += 1
    return [
        f"{key} stands {number} times"
        for key, number in sorted(court.by_key.items())
        if number > max(1, allowed.get(key, 0))
    ]


def _shared_twice(court: Court) -> list[str]:
    texts: dict[str, int] = defaultdict(int)
    for one in court.evidence.published:
        texts[f"{one.network} {one.who}: {one.text}"] += 1
    return [f"{text} is there {number} times" for text, number in sorted(texts.items()) if number > 1]


def _counted_twice(court: Court) -> list[str]:
    """Return the links of which more visits are kept than were sent, or one visitor twice."""
    found = []
    for slug, sent in sorted(court.diary.sent.items()):
        kept, visitors = court.evidence.visits.get(slug, (0, 0))
        if kept > sent or visitors != kept:
            found.append(f"link {slug}: {sent} visits, {kept} are kept of {visitors} visitors")
    return found
