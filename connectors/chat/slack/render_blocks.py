"""The elements of cards and windows as Slack's blocks; what is too long for one block becomes several."""

from dataclasses import dataclass, field
from typing import assert_never

from bot.core.cards import Bold, Buttons, Divider, Element, Fields, Headline, Image, Spans, Table, Text, plain
from connectors.chat.slack import limits
from connectors.chat.slack.render_buttons import Ids, button_rows
from connectors.chat.slack.render_text import (
    Json,
    is_literal,
    is_picture,
    plain_text,
    quiet_blocks,
    rich_blocks,
    short,
    size,
)

NOTHING = "\u00a0"


@dataclass(slots=True)
class Drawing:
    """The blocks of one payload as they are drawn; `tables_left` is how many table blocks its surface still takes."""

    tables_left: int = 0
    ids: Ids = field(default_factory=Ids)
    blocks: list[Json] = field(default_factory=list)

    def draw(self, element: Element) -> None:
        """Add the blocks of `element`; an empty element adds none."""
        match element:
            case Text():
                self.blocks += text_blocks(element)
            case Headline():
                self.blocks += _headline_blocks(element)
            case Fields(pairs=pairs):
                self.blocks += _field_blocks(pairs)
            case Image():
                self.blocks += _image_blocks(element)
            case Table():
                self._draw_table(element)
            case Divider():
                self.blocks.append({"type": "divider"})
            case Buttons():
                self.blocks += button_rows(element, self.ids)
            case _:
                assert_never(element)

    def _draw_table(self, table: Table) -> None:
        if self.tables_left and _fits(table):
            self.tables_left -= 1
            self.blocks.append(_table_block(table))
        else:
            self.blocks += rich_blocks(table_lines(table))


def text_blocks(text: Text) -> list[Json]:
    """Return the blocks of a paragraph in its style."""
    match text.style:
        case "heading":
            return heading_blocks(text.spans)
        case "quiet":
            return quiet_blocks(text.spans)
        case "quote":
            return rich_blocks(text.spans, kind="rich_text_quote")
        case "body":
            return rich_blocks(text.spans)
        case _:
            assert_never(text.style)


def heading_blocks(spans: Spans) -> list[Json]:
    """Return a header block, or bold text for what a header cannot carry: a reference, or more than 150 characters."""
    words = plain(spans).strip()
    if all(isinstance(span, str | Bold) for span in spans) and size(words) <= limits.MAX_HEADER:
        return [{"type": "header", "text": plain_text(words, limits.MAX_HEADER)}] if words else []
    return rich_blocks(spans, is_bold=True)


def _headline_blocks(headline: Headline) -> list[Json]:
    """Return a section with its small picture; rich text, which takes no picture, where it has none or is very long."""
    title, note = " ".join(headline.title.split()), headline.note.strip()
    words = f"{title}\n{note}".strip()
    if not is_picture(headline.picture) or not title or size(words) > limits.MAX_SECTION_TEXT - 2:
        return rich_blocks((Bold(title), f"\n{note}" if note else ""))
    text = plain_text(words, limits.MAX_SECTION_TEXT)
    if is_literal(words):
        text = {"type": "mrkdwn", "text": f"*{title}*\n{note}".strip(), "verbatim": True}
    return [{"type": "section", "text": text, "accessory": _image(headline.picture, title)}]


def _field_blocks(pairs: tuple[tuple[str, str], ...]) -> list[Json]:
    """Return sections of two columns, labels in bold where no word could be read as markup."""
    is_marked = all(is_literal(label + value) and label.strip() and "\n" not in label.strip() for label, value in pairs)
    blocks: list[Json] = []
    row: list[Json] = []
    for label, value in pairs:
        words = f"{label.strip()}\n{value.strip()}".strip()
        if size(words) + 2 <= limits.MAX_FIELD_TEXT and len(row) < limits.MAX_FIELDS_PER_SECTION:
            row += [_field(label.strip(), value.strip(), is_marked=is_marked)] if words else []
            continue
        blocks += _section(row)
        row = []
        if size(words) + 2 > limits.MAX_FIELD_TEXT:
            blocks += rich_blocks((Bold(label.strip()), "\n", value.strip()))
        else:
            row = [_field(label.strip(), value.strip(), is_marked=is_marked)] if words else []
    return blocks + _section(row)


def _field(label: str, value: str, *, is_marked: bool) -> Json:
    if is_marked:
        return {"type": "mrkdwn", "text": f"*{label}*\n{value}".strip(), "verbatim": True}
    return plain_text(f"{label}\n{value}", limits.MAX_FIELD_TEXT)


def _section(row: list[Json]) -> list[Json]:
    return [{"type": "section", "fields": row}] if row else []


def _image_blocks(image: Image) -> list[Json]:
    """Return an image block; a picture whose address Slack would refuse is told in words."""
    return [_image(image.url, image.alt)] if is_picture(image.url) else quiet_blocks((image.alt,))


def _image(url: str, alt: str) -> Json:
    return {"type": "image", "image_url": url, "alt_text": short(alt, limits.MAX_ALT_TEXT) or "…"}


def _fits(table: Table) -> bool:
    rows = (table.header, *table.rows)
    return (
        0 < len(table.header) <= limits.MAX_TABLE_COLUMNS
        and all(len(row) == len(table.header) for row in table.rows)
        and len(rows) <= limits.MAX_TABLE_ROWS
        and sum(size(cell) for row in rows for cell in row) <= limits.MAX_TABLE_TEXT
    )


def _table_block(table: Table) -> Json:
    def cells(row: tuple[str, ...]) -> list[Json]:
        return [{"type": "raw_text", "text": cell.strip() or NOTHING} for cell in row]

    settings = [
        {"align": "right" if column in table.numeric else "left", "is_wrapped": True}
        for column in range(len(table.header))
    ]
    return {"type": "table", "rows": [cells(row) for row in (table.header, *table.rows)], "column_settings": settings}


def table_lines(table: Table) -> Spans:
    """Return a table as lines of words: the header in bold, the cells of a row between middle dots."""
    header = _line(table.header)
    lines = [line for row in table.rows if (line := _line(row))]
    body = "\n".join(lines)
    return (*((Bold(header),) if header else ()), f"\n{body}" if header and body else body)


def _line(row: tuple[str, ...]) -> str:
    return " · ".join(cell.strip() for cell in row if cell.strip())
