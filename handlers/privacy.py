"""See what is kept, take it along, have it erased; and forgetting what is too old to keep."""

import json
import random
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import EraseMe, ExportMine, ShowPrivacy
from bot.core.errors import NO_FILES, OutsideError, Refused
from bot.core.jobs import ForgetOld, RefreshPeople, RefreshSuggestion, SendExport, ShowPending
from bot.core.leaderboard import local_date
from bot.core.people import Person
from bot.core.ports import Attachment
from bot.core.privacy import EXPORT_SECTIONS, cutoffs, random_id
from bot.core.programme import Programme
from bot.core.reply import Reply
from handlers.cards.privacy import KeptPart, erased_card, privacy_card, said_card
from handlers.context import Context, Outside, Record
from storage.queries import accounts, announcements, erasure, joining, members, pairing, privacy, readers, retention
from storage.queries.erasure import Erased
from storage.queries.jobs import Plan, add_job
from storage.queries.members import Known

LOOKED_UP_EVERY = timedelta(days=1)
LOOKED_UP_AT_ONCE = 20


async def show_privacy(ctx: Context, action: ShowPrivacy) -> Reply:
    """Show what is kept about the member, who sees it and for how long."""
    kept = await privacy.find_kept(ctx.session, member_id=ctx.member_id)
    identities = await pairing.list_identities(ctx.session, member_id=ctx.member_id)
    others = [one for one in identities if one.person_ref != ctx.me.person_ref]
    part = KeptPart(
        name=ctx.me.name,
        email=kept.email,
        others=tuple(", ".join(filter(None, (one.name, one.email))) for one in others),
        crew=kept.crew,
        role=ctx.me.role.value,
        locale=ctx.me.locale,
        zone=ctx.me.zone,
        is_named=ctx.me.is_named,
        shares=kept.shares,
        drafts=kept.drafts,
        visits=kept.visits,
        suggestions=kept.suggestions,
        decisions=kept.decisions,
        entries=kept.entries,
        dismissals=kept.dismissals,
        accounts=kept.accounts,
    )
    programme = ctx.programme
    return Reply(card=privacy_card(ctx.words, part, retention=programme.retention, company=programme.company))


async def export_mine(ctx: Context, action: ExportMine) -> Reply:
    """Have a file with everything about the member sent to them, where they asked for it."""
    job, plan = SendExport(member_id=ctx.me.identity_id), Plan(lane=ctx.me.person_ref)
    await add_job(ctx.session, job, now=ctx.now, plan=plan)
    return Reply(card=said_card(ctx.words, "privacy.export_coming"))


async def erase_me(ctx: Context, action: EraseMe) -> Reply:
    """Erase the member at once: amounts stay under a random id, and they may come back as somebody new."""
    await _erase(ctx.session, ctx.member_id, programme=ctx.programme, now=ctx.now)
    card = erased_card(ctx.words)
    return Reply(card=card, home=card, closes=ctx.interaction.window_ref is not None)


async def _erase(session: AsyncSession, member_id: int, *, programme: Programme, now: datetime) -> None:
    """Erase a member with all their identities; of a row that only leads to the one that counts, this row alone."""
    identities = await pairing.list_identities(session, member_id=member_id)
    is_all = bool(identities) and identities[0].member_id == member_id
    for one in identities:
        if is_all or one.member_id == member_id:
            await _erase_row(session, one.member_id, one.person_ref, programme=programme, now=now)


async def _erase_row(
    session: AsyncSession, member_id: int, person_ref: str, *, programme: Programme, now: datetime
) -> None:
    """Erase a row and have every card redrawn that still shows its name."""
    erased = Erased(member_id=member_id, person_ref=person_ref, random_ref=random_id(random.SystemRandom()))
    naming = await erasure.erase_member(session, erased, now=now)
    for post_id in naming.published:
        await announcements.queue_refresh(session, post_id=post_id, now=now)
    curators = Plan(lane=programme.curators_channel or "")
    for post_id in naming.pending:
        await add_job(session, ShowPending(post_id=post_id), now=now, plan=curators)
    for suggestion_id, channel_ref in naming.suggestions:
        job = RefreshSuggestion(suggestion_id=suggestion_id)
        await add_job(session, job, now=now, plan=Plan(lane=channel_ref))


# After the commit


async def send_export(out: Outside, job: SendExport) -> Record | None:
    """Send the member their file; where files are refused they are told how to get it, and the job is listed."""
    async with out.sessions.reading() as session:
        owner = await readers.find_owner(session, member_id=job.member_id)
        if owner is None:
            return None
        kept = await privacy.collect_mine(session, member_id=job.member_id)
    words, now = out.words(owner.locale, owner.zone), out.clock.now()
    sections = {"made_at": now, **{name: kept[name] for name in EXPORT_SECTIONS}}
    body = json.dumps(sections, ensure_ascii=False, indent=2, default=privacy.as_text).encode()
    name = f"vouch-{local_date(now, words.zone).isoformat()}.json"
    try:
        await out.surface_on(owner.platform).send_file(
            owner.person_ref, Attachment(name=name, body=body, note=words.text("privacy.file_note"))
        )
    except Refused as error:
        if error.code in NO_FILES:
            key = f"export-refused-{job.member_id}-{now.date().isoformat()}"
            await out.surface_on(owner.platform).tell(
                owner.person_ref, said_card(words, "privacy.export_refused"), key=key
            )
        raise
    return None


async def forget_old(out: Outside, job: ForgetOld) -> None:
    """Delete what the retention windows no longer allow, in portions of a short transaction each."""
    now = out.clock.now()
    before = cutoffs(now, out.programme.retention)
    today = local_date(now, out.programme.zone)
    for forget, cutoff in (
        (retention.forget_visits, before["visits"]),
        (retention.forget_texts, before["texts"]),
        (retention.forget_drafts, before["drafts"]),
    ):
        await _in_portions(out, forget, cutoff)
    async with out.sessions.begin() as session:
        await retention.forget_reasons(session, before=before["suggestions"])
        await retention.forget_small(session, before=before, today=today, now=now)


class _Forget(Protocol):
    """Forgets a portion of what is older than `before`; returns whether there may be more."""

    def __call__(self, session: AsyncSession, /, *, before: datetime) -> Awaitable[bool]:
        """Forget one portion."""


async def _in_portions(out: Outside, forget: _Forget, before: datetime) -> None:
    has_more = True
    while has_more:
        async with out.sessions.begin() as session:
            has_more = await forget(session, before=before)


async def refresh_people(out: Outside, job: RefreshPeople) -> Record | None:
    """Look up who of a platform is unseen for the longest: who no longer belongs to the company is erased or has left.

    A full member who became a guest is erased, as nothing is kept about guests; one whose account is closed has left.
    """
    before, platform = out.clock.now() - LOOKED_UP_EVERY, job.platform or out.platform
    async with out.sessions.reading() as session:
        due = await members.list_longest_unseen(session, platform=platform, before=before, limit=LOOKED_UP_AT_ONCE)
    seen: list[tuple[Known, Person | None]] = []
    for known in due:
        try:
            seen.append((known, await out.surface_on(platform).look_up(known.person_ref)))
        except Refused:
            seen.append((known, None))
        except OutsideError:  # the platform does not answer: who is left is looked up the next time
            break
    return _seen(out, seen) if seen else None


def _seen(out: Outside, seen: Sequence[tuple[Known, Person | None]]) -> Record:
    async def record(session: AsyncSession) -> None:
        now = out.clock.now()
        for known, person in seen:
            if person is None or not _is_guest(person):
                await members.note_facts(session, person, known=known, now=now)
            if person is not None and person.is_active:
                await joining.note_open(session, platform=known.platform, person_ref=known.person_ref)
        for known, person in seen:
            if person is not None and (_is_guest(person) or not person.is_active):
                await _part(session, known, person, programme=out.programme, now=now)

    return record


def _is_guest(person: Person) -> bool:
    return person.is_active and not person.is_full_member


async def _part(session: AsyncSession, known: Known, person: Person, *, programme: Programme, now: datetime) -> None:
    """Give up an identity that is no member's any more; who is here on another platform too goes on there."""
    number = await joining.part_with(session, platform=known.platform, person_ref=known.person_ref)
    if number is None:
        return
    if _is_guest(person):
        await _erase(session, number, programme=programme, now=now)
    else:
        await members.leave(session, member_id=number, now=now)
        await accounts.end_accounts(session, member_id=number, now=now)
