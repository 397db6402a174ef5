"""Asking once how a share went."""

from bot.core.jobs import AskShared
from handlers.cards import outcome as cards
from handlers.context import Outside, Record
from storage.queries import openings


async def ask_shared(out: Outside, job: AskShared) -> Record | None:
    """Ask once, privately, how a share went that was opened and of which nothing more is known."""
    async with out.sessions.reading() as session:
        found = await openings.find_opening_of(session, share_id=job.share_id)
    if found is None or found.has_left or found.share.is_shared or found.share.opened_at is None:
        return None
    words = out.words(found.locale, found.zone)
    out.check_hours(words.zone)
    card = cards.ask_card(words, share_id=job.share_id, title=found.post.title, network=found.share.network)
    await out.surface_on(found.platform).tell(found.person_ref, card, key=f"ask-share-{job.share_id}")
    return None
