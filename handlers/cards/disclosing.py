"""The line before a member's words: which wordings they may choose from for a text, and which one it has."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.core.cards import Option, SelectField
from bot.core.disclosure import Allowed, Choice, allowed_lines
from bot.core.texts import shorten
from handlers.context import Context

MOST_OF_A_LABEL = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """What a post says of its line: `own` is the one that a curator wrote, "" for the company's, and its language."""

    own: str
    language: str


def _allowed(ctx: Context, post: PostLine, language: str, text: str) -> Allowed:
    if post.own:
        return Allowed(choices=(Choice(value=post.own, line=post.own),))
    wanted = ctx.programme.disclosure
    return allowed_lines(ctx.programme.company.name, wanted, language=language, locale=ctx.me.locale, text=text)


def usual_lines(ctx: Context) -> Allowed:
    """Return the wordings that the member may choose from for texts in their own language."""
    return _allowed(ctx, PostLine(own="", language=ctx.me.locale), ctx.me.locale, "")


def fresh_line(ctx: Context, post: PostLine, *, language: str | None, text: str) -> str:
    """Return the line for a box that is being filled: the member's usual wording where it is allowed."""
    return _allowed(ctx, post, language or ctx.me.locale, text).best((ctx.me.disclosure or "",)).line


def lines_known(ctx: Context, post: PostLine, languages: Iterable[str]) -> tuple[str, ...]:
    """Return every line with which a box may have been filled."""
    known = [one.line for language in languages for one in _allowed(ctx, post, language, "").choices]
    return (post.own, *known)


def allowed_for(ctx: Context, post: PostLine, *, current: str, text: str) -> Allowed:
    """Return the wordings for `text`, in the language of the line that it has."""
    languages = dict.fromkeys((ctx.me.locale, post.language, *ctx.programme.languages))
    for language in languages:
        allowed = _allowed(ctx, post, language, text)
        if allowed.by_line(current) or _allowed(ctx, post, language, "").by_line(current):
            return allowed
    return _allowed(ctx, post, ctx.me.locale, text)


def line_for(ctx: Context, post: PostLine, *, current: str, text: str, picked: str = "") -> tuple[str, bool]:
    """Return the line that `text` gets, and whether that had to be another one than it has: its price is new.

    That is the wording that the member `picked`, or else the one it has, or their usual one, if that is allowed. Where
    no line is required it stands in the text, and there is none before it.
    """
    if not ctx.programme.disclosure.is_required:
        return current, False
    allowed = allowed_for(ctx, post, current=current, text=text)
    now = allowed.by_line(current)
    best = allowed.best((picked, now.value if now else "", ctx.me.disclosure or ""))
    return best.line, allowed.is_raised and now is None


def picked_anew(ctx: Context, post: PostLine, *, current: str, picked: str) -> str | None:
    """Return the wording to remember: the one that was picked instead of what the window showed, else `None`."""
    if post.own or not picked:
        return None
    choice = next(
        (one for one in allowed_for(ctx, post, current=current, text="").choices if one.value == picked), None
    )
    return picked if choice is not None and choice.line != current else None


def choices_in(ctx: Context, post: PostLine, *, current: str, text: str) -> Allowed | None:
    """Return what a window offers to choose from, `None` where there is no line before the text."""
    if not ctx.programme.disclosure.is_required:
        return None
    return allowed_for(ctx, post, current=current, text=text)


def disclosure_field(ctx: Context, allowed: Allowed, *, current: str) -> SelectField | None:
    """Return the list of wordings in a share window, `None` where there is nothing to choose."""
    now = allowed.by_line(current) or allowed.choices[0]
    return replace(wording_field(ctx, allowed, value=now.value), saves=True) if len(allowed.choices) > 1 else None


def wording_field(ctx: Context, allowed: Allowed, *, value: str) -> SelectField:
    """Return the list of wordings, with the one that the member has."""
    return SelectField(
        name="disclosure",
        label=ctx.text("disclosure.label"),
        options=tuple(Option(value=one.value, label=shorten(one.line, MOST_OF_A_LABEL)) for one in allowed.choices),
        value=value,
    )
