"""What members see and set of themselves: what their shares brought, why, settings, leaving and coming back."""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.actions import ComeBack, Leave, OpenSettings, SaveSettings, ShowMe, ShowWhy
from bot.core.errors import NotFound
from bot.core.leaderboard import Period, own_rank
from bot.core.networks import NETWORKS
from bot.core.points import PointsPolicy, policy_at
from bot.core.reply import Reply
from bot.i18n.translator import languages, words_for
from handlers.cards import profile as cards
from handlers.cards.disclosing import usual_lines
from handlers.context import Context
from storage.queries import accounts, members, shares, standings
from storage.queries.members import Settings
from storage.queries.shares import Brought, Held

SHARES_SHOWN = 10
ENTRIES_SHOWN = 10


async def show_me(ctx: Context, action: ShowMe) -> Reply:
    """Show what the member's own shares brought, to them alone."""
    sums = await standings.find_own_sums(ctx.session, member_id=ctx.member_id, now=ctx.now, zone=ctx.programme.zone)
    held = await shares.list_mine(ctx.session, member_id=ctx.member_id, limit=SHARES_SHOWN)
    brought = await shares.find_brought(ctx.session, share_ids=[one.id for _, one in held])
    mine = [_mine(ctx, title, one, brought[one.id]) for title, one in held]
    return Reply(card=cards.me_card(ctx, _sums(sums), mine))


def _sums(sums: Mapping[Period, standings.OwnSum]) -> Mapping[Period, cards.MySum]:
    return {
        period: cards.MySum(
            points=one.points, shares=one.shares, visits=one.visits, place=own_rank(one.points, members_above=one.above)
        )
        for period, one in sums.items()
    }


def _mine(ctx: Context, title: str, held: Held, brought: Brought) -> cards.MyShare:
    times = {
        "opened": held.opened_at,
        "said": held.said_at,
        "confirmed": held.confirmed_at,
        "evidenced": held.evidenced_at,
    }
    is_kept = ctx.now - held.created_at <= ctx.programme.retention.visits
    return cards.MyShare(
        title=title,
        network=held.network,
        facts=tuple(name for name, at in times.items() if at is not None),
        visits=brought.visits if held.slug is not None and is_kept else None,
        points=brought.points,
    )


async def show_why(ctx: Context, action: ShowWhy) -> Reply:
    """Explain the member's newest ledger entries, and the rules in force."""
    entries = await standings.list_own_entries(ctx.session, member_id=ctx.member_id, limit=ENTRIES_SHOWN)
    shown = [
        cards.MyEntry(
            at=one.at,
            kind=one.kind,
            points=one.points,
            rule_version=one.rule_version,
            title=one.title or "",
            network=NETWORKS[one.network].label if one.network and one.network in NETWORKS else "",
        )
        for one in entries
    ]
    policy = policy_at(ctx.programme.points or (PointsPolicy(),), ctx.now)
    return Reply(card=cards.why_card(ctx, shown, policy))


async def open_settings(ctx: Context, action: OpenSettings) -> Reply:
    """Open the settings window."""
    held = await members.find_settings(ctx.session, member_id=ctx.member_id)
    if held is None:
        raise NotFound
    wordings = usual_lines(ctx)
    view = cards.SettingsView(
        networks=_networks(ctx),
        network=held.default_network,
        languages=_languages(ctx),
        locale=held.chosen_locale,
        is_named=held.is_named,
        topics=ctx.programme.topics,
        muted=tuple(held.muted_topics),
        wordings=wordings,
        wording=wordings.best((held.disclosure or "",)).value,
        can_connect=any(one.can_connect for one in ctx.programme.networks.values()),
    )
    return Reply(form=cards.settings_form(ctx, view))


def _networks(ctx: Context) -> tuple[str, ...]:
    return tuple(one for one in ctx.programme.networks if one in NETWORKS)


def _languages(ctx: Context) -> tuple[str, ...]:
    return tuple(one for one in ctx.programme.languages if one in languages())


async def save_settings(ctx: Context, action: SaveSettings) -> Reply:
    """Keep the settings, and answer in the language just chosen; what is not offered changes nothing."""
    held = await members.find_settings(ctx.session, member_id=ctx.member_id)
    if held is None:
        raise NotFound
    locale = action.locale if action.locale in _languages(ctx) else None
    kept_muted = [one for one in held.muted_topics if one not in ctx.programme.topics]
    settings = Settings(
        default_network=action.network if action.network in _networks(ctx) else None,
        disclosure=_wording(ctx, action, held),
        chosen_locale=locale,
        is_named={"yes": True, "no": False}.get(action.names, held.is_named),
        muted_topics=[*kept_muted, *(one for one in action.topics if one in ctx.programme.topics)],
    )
    await members.save_settings(ctx.session, settings, member_id=ctx.member_id)
    answered = replace(ctx, words=words_for(locale, ctx.me.zone)) if locale else ctx
    return Reply(card=cards.saved_card(answered), closes=True)


def _wording(ctx: Context, action: SaveSettings, held: Settings) -> str | None:
    """Return the member's wording: another one only if they picked it, for what is shown may be a market's default."""
    allowed = usual_lines(ctx)
    is_shown = action.disclosure == allowed.best((held.disclosure or "",)).value
    is_allowed = any(one.value == action.disclosure for one in allowed.choices)
    return action.disclosure if is_allowed and not is_shown else held.disclosure


async def leave(ctx: Context, action: Leave) -> Reply:
    """Leave the programme at once and privately, and say what stops and what stays; a second time changes nothing."""
    await members.leave(ctx.session, member_id=ctx.member_id, now=ctx.now)
    await accounts.end_accounts(ctx.session, member_id=ctx.member_id, now=ctx.now)
    if ctx.interaction.window_ref is not None:
        return Reply(form=cards.left_form(ctx), home=cards.left_card(ctx))
    return Reply(card=cards.left_card(ctx), home=cards.left_card(ctx))


async def come_back(ctx: Context, action: ComeBack) -> Reply:
    """Take part again, with everything as it was."""
    was_away = await members.come_back(ctx.session, member_id=ctx.member_id)
    return Reply(card=cards.back_card(ctx, was_away=was_away))
