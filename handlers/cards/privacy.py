"""What is kept about a member, in plain words and numbers, and what they can do about it."""

from dataclasses import dataclass

from bot.core.actions import EraseMe, ExportMine, OpenSettings
from bot.core.cards import Bold, Button, Buttons, Card, Confirm, Divider, Element, Fields, Link, Span, Text
from bot.core.privacy import RetentionPolicy
from bot.core.programme import Company
from bot.i18n.translator import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPart:
    """What is kept about a member, and how much of each; `is_named` is `None` while they have not been asked.

    `others` are who they are on another platform, if they are joined with that: name and address.
    """

    name: str
    email: str | None
    others: tuple[str, ...]
    crew: str | None
    role: str
    locale: str
    zone: str
    is_named: bool | None
    shares: int
    drafts: int
    visits: int
    suggestions: int
    decisions: int
    entries: int
    dismissals: int
    accounts: int


def privacy_card(words: Words, kept: KeptPart, *, retention: RetentionPolicy, company: Company) -> Card:
    """Return what is kept, who sees it, how long it stays, and the buttons to take it along or erase it."""
    body: list[Element] = [
        Text((words.text("privacy.intro"),)),
        Fields(_who(words, kept)),
        Fields(_amounts(words, kept)),
        *((Text((words.text("privacy.both"),)),) if kept.others else ()),
        Divider(),
        *_section(words, "sees", *(f"privacy.sees_{one}" for one in ("you", "colleagues", "curators", "operators"))),
        Text((words.text("privacy.never"),)),
        Divider(),
        Text((Bold(words.text("privacy.long")),)),
        Text((how_long(words, retention),)),
    ]
    if company.policy_url:
        body.append(Text(words.rich("privacy.policy", policy=Link(company.policy_url, company.policy_url)), "quiet"))
    body += [Divider(), _buttons(words), Text((words.text("privacy.only_you"),), "quiet")]
    return Card(title=words.text("privacy.title"), body=tuple(body))


def _who(words: Words, kept: KeptPart) -> tuple[tuple[str, str], ...]:
    named = {True: "privacy.named_yes", False: "privacy.named_no", None: "privacy.named_unasked"}
    nothing = words.text("privacy.nothing")
    return (
        (words.text("privacy.name"), kept.name or nothing),
        (words.text("privacy.email"), kept.email or nothing),
        *((words.text("privacy.other_chat"), one or nothing) for one in kept.others),
        (words.text("privacy.crew"), kept.crew or nothing),
        (words.text("privacy.role"), words.text(f"privacy.role_{kept.role}")),
        (words.text("privacy.locale"), f"{kept.locale}, {kept.zone}"),
        (words.text("privacy.named"), words.text(named[kept.is_named])),
    )


def _amounts(words: Words, kept: KeptPart) -> tuple[tuple[str, str], ...]:
    amounts = {
        "shares": kept.shares,
        "drafts": kept.drafts,
        "visits": kept.visits,
        "suggestions": kept.suggestions,
        "decisions": kept.decisions,
        "entries": kept.entries,
        "dismissals": kept.dismissals,
        "accounts": kept.accounts,
    }
    return tuple((words.text(f"privacy.{name}"), words.number(amount)) for name, amount in amounts.items())


def _section(words: Words, name: str, *keys: str) -> tuple[Element, ...]:
    lines: list[Span] = []
    for key in keys:
        lines += ["\n• " if lines else "• ", *words.rich(key)]
    return Text((Bold(words.text(f"privacy.{name}")),)), Text(tuple(lines))


def how_long(words: Words, retention: RetentionPolicy) -> str:
    """Return how long each kind of thing is kept."""
    windows = {"visits": retention.visits, "texts": retention.texts, "drafts": retention.drafts}
    return words.text(
        "privacy.kept_for",
        **{name: words.text("privacy.days", count=window.days) for name, window in windows.items()},
        suggestions=words.text("privacy.days", count=retention.suggestions.days),
    )


def _buttons(words: Words) -> Buttons:
    confirm = Confirm(
        title=words.text("privacy.erase_title"),
        text=words.text("privacy.erase_text"),
        yes=words.text("privacy.erase_yes"),
        no=words.text("privacy.erase_no"),
    )
    return Buttons(
        (
            Button(label=words.text("privacy.export"), action=ExportMine()),
            Button(label=words.text("privacy.settings"), action=OpenSettings()),
            Button(label=words.text("privacy.erase"), action=EraseMe(), style="danger", confirm=confirm),
        )
    )


def said_card(words: Words, key: str) -> Card:
    """Return a card of one text."""
    return Card(body=(Text((words.text(key),)),))


def erased_card(words: Words) -> Card:
    """Return what someone sees who has just been erased, as a message and on their Home tab."""
    return Card(title=words.text("privacy.erased_title"), body=(Text((words.text("privacy.erased"),)),))
