"""The Home tab: the newest posts, one's own progress, and the ways to everything else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.actions import DismissPost, OpenSettings, OpenShare, ShowBoard, ShowHelp, ShowMe, ShowQueue, StartPost
from bot.core.cards import Button, Buttons, Card, Divider, Element, Headline, Text
from bot.core.leaderboard import Period
from bot.core.people import Role
from bot.core.texts import shorten
from handlers.cards.profile import MySum, sums_fields
from handlers.context import Context

SUMMARY_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePost:
    """A post on the Home tab."""

    id: int
    title: str
    summary: str
    source: str
    picture: str
    is_shared: bool


def home_card(ctx: Context, posts: Sequence[HomePost], sums: Mapping[Period, MySum], *, waiting: int) -> Card:
    """Return the Home tab; `waiting` is what waits for a decision, shown to curators alone."""
    body: list[Element] = _curator(ctx, waiting) if ctx.me.role.may(Role.CURATOR) else []
    body.append(Text(ctx.rich("home.newest"), style="heading" if body else "quiet"))
    for one in posts:
        body += [*_post(ctx, one), Divider()]
    if not posts:
        body.append(Text(ctx.rich("home.no_posts")))
        body.append(Divider())
    body += [Text(ctx.rich("home.progress"), style="heading"), sums_fields(ctx, sums)]
    body += [Text(ctx.rich("home.suggest"), style="quiet"), _ways(ctx)]
    return Card(title=ctx.text("home.title", company=ctx.programme.company.name), body=tuple(body))


def _post(ctx: Context, one: HomePost) -> list[Element]:
    head: list[Element] = [Headline(one.title, shorten(one.summary, SUMMARY_LENGTH), one.picture)]
    notes = [one.source] if one.source else []
    if one.is_shared:
        notes.append(ctx.text("home.shared"))
    if notes:
        head.append(Text((" · ".join(notes),), style="quiet"))
    label = ctx.text("home.see_share" if one.is_shared else "share.button")
    share = Button(
        label=label,
        action=OpenShare(post_id=one.id),
        style="plain" if one.is_shared else "primary",
        about=one.title,
    )
    rest = [] if one.is_shared else [_dismiss(ctx, one)]
    return [*head, Buttons((share, *rest))]


def found_card(ctx: Context, one: HomePost) -> Card:
    """Return a post as somebody puts it in a message of their own: nothing about them is in it."""
    head: list[Element] = [Headline(one.title, shorten(one.summary, SUMMARY_LENGTH), one.picture)]
    if one.source:
        head.append(Text((one.source,), style="quiet"))
    share = Button(label=ctx.text("share.button"), action=OpenShare(post_id=one.id), style="primary", about=one.title)
    return Card(body=(*head, Buttons((share,))), summary=one.title)


def _dismiss(ctx: Context, one: HomePost) -> Button:
    return Button(label=ctx.text("home.not_for_me"), action=DismissPost(post_id=one.id), about=one.title)


def _ways(ctx: Context) -> Buttons:
    return Buttons(
        (
            Button(label=ctx.text("home.me"), action=ShowMe()),
            Button(label=ctx.text("home.board"), action=ShowBoard()),
            Button(label=ctx.text("home.settings"), action=OpenSettings()),
            Button(label=ctx.text("home.help"), action=ShowHelp()),
        )
    )


def _curator(ctx: Context, waiting: int) -> list[Element]:
    words = ctx.rich("home.waiting", count=waiting) if waiting else ctx.rich("home.nothing_waits")
    buttons = Buttons(
        (
            Button(label=ctx.text("home.queue"), action=ShowQueue()),
            Button(label=ctx.text("home.post"), action=StartPost(), style="primary"),
        )
    )
    return [Text(ctx.rich("home.curators"), style="heading"), Text(words), buttons, Divider()]
