"""What a member sees of themselves: what their shares brought, why they have their points, settings, leaving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.actions import ComeBack, Leave, OpenAccounts, OpenSettings, SaveSettings, ShowPrivacy
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Confirm,
    Element,
    Field,
    Fields,
    Form,
    ManyField,
    Option,
    SelectField,
    Table,
    Text,
)
from bot.core.disclosure import Allowed
from bot.core.leaderboard import Period
from bot.core.networks import NETWORKS
from bot.core.points import PointsPolicy
from handlers.cards.disclosing import wording_field
from handlers.context import Context

FOLLOW_PLATFORM = "platform"
MOST_BOXES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MyShare:
    """One own share in the list of all; `facts` are what is known of it, `visits` is `None` where it is not known."""

    title: str
    network: str
    facts: tuple[str, ...]
    visits: int | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MySum:
    """Points, shares and visits of one period, and the member's own place in it; `None` without points."""

    points: int
    shares: int
    visits: int
    place: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MyEntry:
    """One ledger entry: when, what for, how many points, by which version of the rules."""

    at: datetime
    kind: str
    points: int
    rule_version: int
    title: str
    network: str


def sums_fields(ctx: Context, sums: Mapping[Period, MySum]) -> Fields:
    """Return points, and what they came from, of each period."""
    return Fields(
        tuple(
            (ctx.text(f"me.period_{period.value}"), ctx.text("me.points", count=one.points))
            for period, one in sums.items()
        )
    )


def me_card(ctx: Context, sums: Mapping[Period, MySum], mine: Sequence[MyShare]) -> Card:
    """Return what a member's shares brought; with none, how to begin."""
    body: list[Element] = [sums_fields(ctx, sums)]
    week = sums[Period.WEEK]
    if week.place is not None:
        body.append(Text(ctx.rich("me.place", place=week.place), style="quiet"))
    if not mine:
        return Card(title=ctx.text("me.title"), body=(*body, Text(ctx.rich("me.none"))))
    header = tuple(ctx.text(f"me.{one}") for one in ("post", "network", "known", "visits", "earned"))
    rows = tuple(_row(ctx, one) for one in mine)
    body += [Table(header=header, rows=rows, numeric=(3, 4)), Text(ctx.rich("me.explained"), style="quiet")]
    return Card(title=ctx.text("me.title"), body=tuple(body))


def _row(ctx: Context, one: MyShare) -> tuple[str, ...]:
    facts = ", ".join(ctx.text(f"me.fact_{fact}") for fact in one.facts)
    visits = ctx.text("share.not_available") if one.visits is None else ctx.words.number(one.visits)
    return (one.title, NETWORKS[one.network].label, facts, visits, ctx.words.number(one.points))


def why_card(ctx: Context, entries: Sequence[MyEntry], policy: PointsPolicy) -> Card:
    """Return a member's newest ledger entries in words, and the rules in force with their caps."""
    body: list[Element] = [Text(_entry(ctx, one, policy)) for one in entries] or [Text(ctx.rich("why.none"))]
    body.append(
        Text(
            ctx.rich(
                "why.rules",
                version=policy.version,
                share=policy.per_share,
                posts=policy.posts_a_day,
                own=policy.own_words,
                visit=policy.per_visit,
                visits=policy.visits_per_share,
                suggestion=policy.per_suggestion,
                suggestions=policy.suggestions_a_week,
            ),
            style="quiet",
        )
    )
    body.append(Text(ctx.rich("why.nothing"), style="quiet"))
    return Card(title=ctx.text("why.title"), body=tuple(body))


def _entry(ctx: Context, one: MyEntry, policy: PointsPolicy) -> tuple[Bold | str, ...]:
    """Return one entry as a line; it names the version of its rules only if that is no longer in force."""
    reason = ctx.text(f"why.{one.kind}", title=one.title, network=one.network)
    day = ctx.words.short_day(one.at.astimezone(ctx.words.zone).date())
    older = f" · {ctx.text('why.version', version=one.rule_version)}" if one.rule_version != policy.version else ""
    return (Bold(f"{one.points:+d}"), f" · {day} · {reason}{older}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """What a member can set, and what they have set; `locale` is `None` where the platform's is followed."""

    networks: tuple[str, ...]
    network: str | None
    languages: tuple[str, ...]
    locale: str | None
    is_named: bool | None
    topics: tuple[str, ...]
    muted: tuple[str, ...]
    wordings: Allowed
    wording: str
    can_connect: bool = False


def settings_form(ctx: Context, view: SettingsView) -> Form:
    """Return the settings window; it holds only what has an effect."""
    fields: list[Element | Field] = [_language(ctx, view), _names(ctx, view)]
    if view.networks:
        fields.insert(0, _network(ctx, view))
    if len(view.wordings.choices) > 1:
        fields.append(replace(wording_field(ctx, view.wordings, value=view.wording), hint=ctx.text("disclosure.hint")))
    if view.topics:
        fields.append(_topics(ctx, view))
    accounts = Button(label=ctx.text("accounts.button"), action=OpenAccounts())
    privacy = Button(label=ctx.text("settings.privacy"), action=ShowPrivacy())
    buttons = Buttons((*((accounts,) if view.can_connect else ()), _leave(ctx), privacy))
    return Form(
        ref=f"settings-{ctx.member_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("settings.window"),
        body=(*fields, buttons),
        submit=SaveSettings(),
        submit_label=ctx.text("settings.save"),
        close_label=ctx.text("share.close"),
    )


def _network(ctx: Context, view: SettingsView) -> SelectField:
    return SelectField(
        name="network",
        label=ctx.text("settings.network"),
        options=tuple(Option(value=one, label=NETWORKS[one].label) for one in view.networks),
        value=view.network if view.network in view.networks else None,
        hint=ctx.text("settings.network_hint"),
        is_optional=True,
    )


def _language(ctx: Context, view: SettingsView) -> SelectField:
    known = tuple(Option(value=one, label=ctx.text(f"settings.language_{one}")) for one in view.languages)
    follow = Option(value=FOLLOW_PLATFORM, label=ctx.text("settings.language_platform"))
    return SelectField(
        name="locale",
        label=ctx.text("settings.language"),
        options=(follow, *known),
        value=view.locale if view.locale in view.languages else FOLLOW_PLATFORM,
    )


def _names(ctx: Context, view: SettingsView) -> SelectField:
    return SelectField(
        name="names",
        label=ctx.text("settings.names"),
        options=(Option(value="yes", label=ctx.text("welcome.yes")), Option(value="no", label=ctx.text("welcome.no"))),
        value="yes" if view.is_named else "no",
        hint=ctx.text("settings.names_hint"),
    )


def _topics(ctx: Context, view: SettingsView) -> ManyField:
    return ManyField(
        name="topics",
        label=ctx.text("settings.topics"),
        options=tuple(Option(value=one, label=one) for one in view.topics),
        values=tuple(one for one in view.muted if one in view.topics),
        hint=ctx.text("settings.topics_hint"),
        is_optional=True,
        is_list=len(view.topics) <= MOST_BOXES,
    )


def _leave(ctx: Context) -> Button:
    confirm = Confirm(
        title=ctx.text("leave.title"),
        text=ctx.text("leave.text"),
        yes=ctx.text("leave.yes"),
        no=ctx.text("leave.no"),
    )
    return Button(label=ctx.text("settings.leave"), action=Leave(), confirm=confirm)


def saved_card(ctx: Context) -> Card:
    """Return the answer to saved settings."""
    return Card(body=(Text(ctx.rich("settings.saved")),))


def _left_body(ctx: Context) -> tuple[Element, ...]:
    buttons = Buttons(
        (
            Button(label=ctx.text("leave.come_back"), action=ComeBack(), style="primary"),
            Button(label=ctx.text("settings.privacy"), action=ShowPrivacy()),
        )
    )
    return (Text(ctx.rich("leave.stays")), buttons)


def left_card(ctx: Context) -> Card:
    """Return what someone who has left sees, as a message and on their Home tab."""
    return Card(title=ctx.text("leave.done"), body=_left_body(ctx))


def left_form(ctx: Context) -> Form:
    """Return the same as a window."""
    return Form(
        ref=f"left-{ctx.member_id}-{ctx.interaction.key}"[:255],
        title=ctx.text("settings.window"),
        body=(Text((Bold(ctx.text("leave.done")),)), *_left_body(ctx)),
        close_label=ctx.text("share.close"),
    )


def back_card(ctx: Context, *, was_away: bool) -> Card:
    """Return the answer to coming back."""
    title = ctx.text("leave.back" if was_away else "leave.never_left")
    button = Button(label=ctx.text("home.settings"), action=OpenSettings())
    return Card(title=title, body=(Text(ctx.rich("leave.back_text")), Buttons((button,))))
