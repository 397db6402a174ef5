"""What was counted for a share, in words: by our own links, and by its network, which says when."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.measuring import Counted, Measured
from bot.core.networks import NETWORKS
from bot.core.visits import VisitClass
from bot.i18n.translator import Words
from handlers.context import Context

NAMES = ("likes", "reshares", "replies", "quotes", "bookmarks", "impressions")
OTHERS = tuple(one for one in VisitClass if one is not VisitClass.HUMAN)


def figures_fields(
    ctx: Context, network: str, *, people: int | None, measured: Measured | None
) -> tuple[tuple[str, str], ...]:
    """Return the lines of what was counted; what is not known says so, and is never 0.

    Without `people` visits were never counted, or are no longer kept. Where a post has no address of its own, such as
    in an e-mail, there is nothing that its network could count.
    """
    seen = ctx.text("share.not_available") if people is None else _visits(ctx, people, measured or Measured())
    lines = [(ctx.text("share.fact_visits"), seen)]
    if measured is not None and NETWORKS[network].permalinks:
        said = counts_line(ctx.words, measured.counts) or ctx.text("share.not_available")
        lines.append((ctx.text("figures.network", network=NETWORKS[network].label), said))
    return tuple(lines)


def _visits(ctx: Context, people: int, measured: Measured) -> str:
    """Return different people first, and after them all visits, if some were none of people."""
    others = [ctx.text(f"figures.{one}", count=measured.visits[one]) for one in OTHERS if measured.visits.get(one)]
    if not others:
        return ctx.words.number(people)
    visits = ctx.text("figures.visits", count=sum(measured.visits.values()))
    first = ctx.text("figures.people", count=people)
    return ctx.text("figures.among", people=first, visits=visits, others=", ".join(others))


def counts_line(words: Words, counts: Sequence[Counted]) -> str:
    """Return what a network counts, with the time at which it said so; "" where it says nothing that we know."""
    by_time: dict[datetime, list[str]] = {}
    known = sorted((one for one in counts if one.name in NAMES), key=lambda one: NAMES.index(one.name))
    for one in known:
        by_time.setdefault(one.at, []).append(words.text(f"figures.{one.name}", count=one.value))
    newest = sorted(by_time.items(), reverse=True)
    lines = (words.text("figures.at", counts=" · ".join(said), when=words.moment(at)) for at, said in newest)
    return "; ".join(lines)
