"""Cards and forms as Adaptive Cards 1.5, as plain dicts. Pure: the same card always gives the same elements.

Nothing is left out or cut but the labels of buttons. Where a card cannot be carried at all (a message too large, an
action too long for a button) `Unrenderable` says which. Colours are named by what they mean, never fixed, so that they
suit light, dark and high contrast.
"""

import json
from collections.abc import Mapping

from bot.core.cards import (
    Card,
    Channel,
    Code,
    Element,
    Field,
    Fields,
    Form,
    Headline,
    Image,
    Mention,
    Span,
    Table,
    Text,
    plain,
)
from bot.core.texts import shorten
from connectors.chat.teams import limits
from connectors.chat.teams.carrying import kinds_of
from connectors.chat.teams.render_body import Drawing, table_lines
from connectors.chat.teams.render_buttons import Spot, asking, face_of
from connectors.chat.teams.render_fields import error_blocks, field_blocks
from connectors.chat.teams.render_text import (
    HEADING,
    NO_NAMES,
    TITLE_OF_SECTIONS,
    Json,
    Names,
    Unrenderable,
    as_typed_here,
    escape,
    heading_blocks,
    name_of,
    rich_blocks,
    size,
)

NAME = "Vouch"
VERSION = "1.5"
CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_MANY_COLUMNS = 3
_MANY_PARTS = 5
_READ_AS_SPEECH_MARKUP = frozenset("<&")


def render_card(card: Card, names: Names = NO_NAMES) -> Json:
    """Return `card` as it stands in a message."""
    drawing = _drawn(card, Drawing(names=names), has_title=True)
    content = _content(drawing.blocks or rich_blocks((fallback_words(card, names),), names))
    words = _all_words(card, names)
    content["fallbackText"] = escape(shorten(words, limits.MAX_FALLBACK_WORDS, measure=size))
    if _READ_AS_SPEECH_MARKUP.isdisjoint(words):
        content["speak"] = shorten(words, limits.MAX_FALLBACK_WORDS, measure=size)
    if any(isinstance(one, Table) and len(one.header) > _MANY_COLUMNS for one in card.body):
        content["msteams"] = {"width": "Full"}  # msteams-docs cards-format, full width
    return _checked(content)


def render_attachment(card: Card, names: Names = NO_NAMES) -> Json:
    """Return `card` as an attachment."""
    return {"contentType": CONTENT_TYPE, "content": render_card(card, names)}


def render_message(card: Card, names: Names = NO_NAMES) -> Json:
    """Return the fields of a message with `card`; the summary is what a notification says."""
    summary = short_words(card, limits.MAX_SUMMARY, names)
    return _checked({"type": "message", "summary": summary, "attachments": [render_attachment(card, names)]})


def render_dialog(form: Form, names: Names = NO_NAMES, *, errors: Mapping[str, str] | None = None) -> Json:
    """Return what a dialog with `form` shows.

    Each of the `errors` stands above its field, those of no field at the top; what was typed is in `form`.
    """
    wrong = dict(errors or {})
    spot = Spot(is_dialog=True, kinds=kinds_of(form.body))
    drawing = Drawing(names=names, spot=spot)
    known = {one.name for one in form.body if isinstance(one, Field)}
    for name, error in wrong.items():
        if name not in known:
            drawing.add(error_blocks(error))
    for one in form.body:
        _draw_part(one, drawing, wrong)
    content = _content(drawing.blocks or rich_blocks((form.title.strip() or NAME,), names))
    if actions := _form_actions(form, spot):
        content["actions"] = actions
    return _dialog(content, title=form.title)


def render_card_dialog(card: Card, names: Names = NO_NAMES, *, title: str) -> Json:
    """Return what a dialog with `card` shows: its buttons submit the dialog."""
    drawing = Drawing(names=names, spot=Spot(is_dialog=True))
    _drawn(card, drawing, has_title=card.title.strip() != title.strip())
    content = _content(drawing.blocks or rich_blocks((fallback_words(card, names),), names))
    return _dialog(content, title=title)


def _drawn(card: Card, drawing: Drawing, *, has_title: bool) -> Drawing:
    if has_title:
        has_sections = any(isinstance(one, Text) and one.style == "heading" for one in card.body)
        look = TITLE_OF_SECTIONS if has_sections else HEADING
        drawing.add(heading_blocks((card.title,), drawing.names, look))
    for element in card.body:
        drawing.draw(element)
    return drawing


def _draw_part(part: Element | Field, drawing: Drawing, errors: Mapping[str, str]) -> None:
    if isinstance(part, Field):
        drawing.add(field_blocks(part, errors.get(part.name, "")), spacing="medium")
    else:
        drawing.draw(part)


def _form_actions(form: Form, spot: Spot) -> list[Json]:
    """Return the buttons at the bottom: to submit, to keep what was typed, and to go back to what was there before."""
    wanted = (
        (form.submit, form.submit_label or "OK", "primary"),
        (form.change if form.change_label.strip() else None, form.change_label, "plain"),
        (form.back if form.close_label.strip() else None, form.close_label, "plain"),
    )
    return [asking(action, face_of(label, style=style), spot) for action, label, style in wanted if action is not None]


def _content(body: list[Json]) -> Json:
    return {"$schema": _SCHEMA, "type": "AdaptiveCard", "version": VERSION, "body": body}


def _dialog(content: Json, *, title: str) -> Json:
    """Return the info of a dialog; its size is a share of Teams' window (msteams-docs invoking-task-modules)."""
    sized = {"width": "medium", "height": "large" if len(content["body"]) > _MANY_PARTS else "medium"}
    card = {"contentType": CONTENT_TYPE, "content": content}
    return _checked({"title": title.strip() or NAME, **sized, "card": card})


def _checked(told: Json) -> Json:
    weight = 2 * size(json.dumps(told, ensure_ascii=False, separators=(",", ":")))
    if weight > limits.MAX_CARD_BYTES:
        raise Unrenderable(f"a card of {weight} bytes in UTF-16, at most {limits.MAX_CARD_BYTES} fit")
    return told


def short_words(card: Card, limit: int, names: Names = NO_NAMES) -> str:
    """Return what `card` says on one line of at most `limit` UTF-16 units."""
    return shorten(" ".join(fallback_words(card, names).split()), limit, measure=size) or NAME


def fallback_words(card: Card, names: Names = NO_NAMES) -> str:
    """Return what `card` says, as lines of plain words: its summary, else all of it; never empty."""
    return card.summary.strip() or _all_words(card, names)


def _all_words(card: Card, names: Names) -> str:
    lines = (line.strip() for line in (card.title, *(_words(element, names) for element in card.body)))
    once = dict.fromkeys(line for line in lines if line)  # a picture may be named by the title that follows it
    return "\n".join(once) or NAME


def _words(element: Element, names: Names) -> str:
    match element:
        case Text(spans=spans):
            return "".join(_span_words(span, names) for span in spans)
        case Headline(title=title, note=note):
            return f"{title}\n{note}".strip()
        case Fields(pairs=pairs):
            return "\n".join(f"{label}: {value}" for label, value in pairs)
        case Image(alt=alt):
            return alt
        case Table():
            return plain(table_lines(element))
        case _:
            return ""


def _span_words(span: Span, names: Names) -> str:
    match span:
        case Mention(person_ref=ref) | Channel(channel_ref=ref):
            return name_of(ref, names)
        case Code(text=text):
            return as_typed_here(text)
        case _:
            return plain((span,))
