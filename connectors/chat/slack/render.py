"""Cards and forms in Block Kit, as plain dicts. Pure: the same card always gives the same blocks.

Nothing is left out: what is too long is split, labels alone are shortened. Where a card cannot be carried at all (more
blocks than a message takes, an action that does not fit in a button) `Unrenderable` says which.
"""

from bot.core.cards import Card, Element, Field, Fields, Form, Headline, Image, Table, Text, plain
from bot.core.codec import name_of
from bot.core.texts import shorten
from connectors.chat.slack import limits
from connectors.chat.slack.carrying import carry
from connectors.chat.slack.render_blocks import Drawing, heading_blocks, table_lines
from connectors.chat.slack.render_fields import field_blocks
from connectors.chat.slack.render_text import Json, Unrenderable, escape, plain_text, rich_blocks, size

NAME = "Vouch"


def render_message(card: Card) -> Json:
    """Return `{"text", "blocks"}` of a message; the text is what a screen reader and a notification say."""
    drawing = _draw(card, tables=limits.MAX_TABLES_PER_MESSAGE)
    blocks = drawing.blocks or rich_blocks((fallback_words(card),))
    return {"text": render_fallback(card), "blocks": _counted(blocks, limits.MAX_BLOCKS_PER_MESSAGE)}


def render_home(card: Card) -> Json:
    """Return the Home tab with `card`; tables become lines of words there."""
    return {"type": "home", "blocks": _counted(_draw(card, tables=0).blocks, limits.MAX_BLOCKS_PER_VIEW)}


def render_window(form: Form) -> Json:
    """Return the window with `form`; what its fields and buttons need later is in its private_metadata."""
    drawing = Drawing()
    names = [one.name for one in form.body if isinstance(one, Field)]
    if len(set(map(drawing.ids.take, names))) > len(set(names)):
        raise Unrenderable(f"window {form.ref} has two fields of one name: {', '.join(names)}")
    for one in form.body:
        _draw_part(one, drawing)
    blocks = drawing.blocks or rich_blocks((form.title.strip() or NAME,))
    view: Json = {
        "type": "modal",
        "callback_id": name_of(form.submit) if form.submit else "window",
        "external_id": _checked_ref(form.ref),
        "title": plain_text(form.title or NAME, limits.MAX_VIEW_TITLE),
        "blocks": _counted(blocks, limits.MAX_BLOCKS_PER_VIEW),
        "private_metadata": carry(form),
        "notify_on_close": form.closed is not None,
    }
    return {**view, **_view_buttons(form, has_inputs=any(block["type"] == "input" for block in blocks))}


def _view_buttons(form: Form, *, has_inputs: bool) -> Json:
    """Return submit and close. Slack refuses inputs without a submit button: then it says "OK" and only closes."""
    shown: Json = {}
    if form.submit is not None or has_inputs:
        shown["submit"] = plain_text(form.submit_label or "OK", limits.MAX_VIEW_BUTTON)
    if form.close_label.strip():
        shown["close"] = plain_text(form.close_label, limits.MAX_VIEW_BUTTON)
    return shown


def _draw(card: Card, *, tables: int) -> Drawing:
    drawing = Drawing(tables_left=tables)
    drawing.blocks += heading_blocks((card.title,))
    for element in card.body:
        drawing.draw(element)
    return drawing


def _draw_part(part: Element | Field, drawing: Drawing) -> None:
    if isinstance(part, Field):
        drawing.blocks += field_blocks(part)
    else:
        drawing.draw(part)


def _counted(blocks: list[Json], limit: int) -> list[Json]:
    if len(blocks) > limit:
        raise Unrenderable(f"{len(blocks)} blocks, at most {limit} fit")
    return blocks


def _checked_ref(ref: str) -> str:
    if not ref or size(ref) > limits.MAX_EXTERNAL_ID:
        raise Unrenderable(f"a window is named {ref[:40]!r}; a name has 1 to {limits.MAX_EXTERNAL_ID} characters")
    return ref


def render_fallback(card: Card) -> str:
    """Return the words beside the blocks: whole sentences, escaped, naming nobody so that they call nobody."""
    words = fallback_words(card)
    return escape(shorten(words, limits.MAX_MESSAGE_TEXT, measure=lambda text: size(escape(text)))) or NAME


def fallback_words(card: Card) -> str:
    """Return what `card` says, as lines of plain words; never empty."""
    if card.summary.strip():
        return card.summary.strip()
    lines = (line.strip() for line in (card.title, *(_words(element) for element in card.body)))
    return "\n".join(line for line in lines if line) or NAME


def _words(element: Element) -> str:
    match element:
        case Text(spans=spans):
            return plain(spans)
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
