"""The short welcome below a member's first share, and the answer to its one question."""

from dataclasses import replace

from bot.core.actions import AnswerWelcome
from bot.core.cards import Button, Buttons, Card, Divider, Element, Field, Link, Text
from bot.core.reply import Reply
from handlers.context import Context


def welcome(ctx: Context, share_id: int) -> list[Element | Field]:
    """Return the short welcome that stands below the first share: what this is, what is kept, how to leave."""
    company = ctx.programme.company
    body: list[Element | Field] = [
        Divider(),
        Text(ctx.rich("welcome.title"), style="heading"),
        Text(ctx.rich("welcome.what", company=company.name)),
    ]
    if company.sponsor and company.sponsor_word:
        body += [Text((company.sponsor_word,), style="quote"), Text((f"— {company.sponsor}",), style="quiet")]
    body.append(Text(ctx.rich("welcome.kept")))
    if company.policy_url:
        body.append(Text(ctx.rich("welcome.policy", policy=Link(company.policy_url, ctx.text("welcome.policy_link")))))
    return [
        *body,
        Text(ctx.rich("welcome.names")),
        Buttons(
            (
                Button(label=ctx.text("welcome.yes"), action=AnswerWelcome(names="yes", share_id=share_id)),
                Button(label=ctx.text("welcome.no"), action=AnswerWelcome(names="no", share_id=share_id)),
            )
        ),
        Text(ctx.rich("welcome.leave"), style="quiet"),
    ]


def named_card(ctx: Context, *, is_named: bool) -> Card:
    """Return the answer to whether a member's name may stand on boards."""
    return Card(body=(_named(ctx, is_named=is_named),))


def with_answer(ctx: Context, reply: Reply, *, is_named: bool) -> Reply:
    """Return the window of `reply` with that answer where the question stood, at its end."""
    if reply.form is None:
        return reply
    return replace(reply, form=replace(reply.form, body=(*reply.form.body, Divider(), _named(ctx, is_named=is_named))))


def _named(ctx: Context, *, is_named: bool) -> Text:
    return Text(ctx.rich("welcome.named" if is_named else "welcome.not_named"))
