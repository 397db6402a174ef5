"""One person on two platforms: the question whether both are one, and what is said about it."""

from bot.core.actions import AnswerPairing
from bot.core.cards import Bold, Button, Buttons, Card, Text
from bot.core.pairing import NO, YES, Party
from bot.i18n.translator import Words


def question_card(words: Words, asker: Party) -> Card:
    """Return the question to the one side, who the other side is, what a yes brings, and the two answers."""
    who = Bold(f"{asker.name}, {asker.email}" if asker.name else asker.email or "")
    buttons = (
        Button(label=words.text("pair.yes"), action=_answer(asker, YES), style="primary"),
        Button(label=words.text("pair.no"), action=_answer(asker, NO)),
    )
    body = (
        Text(words.rich("pair.question", who=who)),
        Text(words.rich("pair.what_happens")),
        Buttons(buttons),
        Text(words.rich("pair.not_you"), style="quiet"),
    )
    return Card(title=words.text("pair.title"), body=body)


def _answer(asker: Party, answer: str) -> AnswerPairing:
    return AnswerPairing(asker_id=asker.member_id, answer=answer)


def asked_card(words: Words, *, email: str) -> Card:
    """Return where the question waits, and until when."""
    return Card(body=(Text(words.rich("pair.asked", email=Bold(email))),))


def paired_card(words: Words, *, is_new: bool) -> Card:
    """Return that both are one, from now on or already."""
    return Card(body=(Text(words.rich("pair.joined" if is_new else "pair.paired")),))


def declined_card(words: Words) -> Card:
    """Return that both stay two."""
    return Card(body=(Text(words.rich("pair.declined")),))
