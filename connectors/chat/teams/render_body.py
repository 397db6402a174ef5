"""The elements of cards and windows as elements of Adaptive Cards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from bot.core.cards import Bold, Buttons, Divider, Element, Fields, Headline, Image, Spans, Table, Text
from connectors.chat.teams import limits
from connectors.chat.teams.render_buttons import MESSAGE, Spot, action_sets
from connectors.chat.teams.render_text import (
    BODY,
    BOLD,
    NO_NAMES,
    NOTHING,
    QUIET,
    Json,
    Look,
    Names,
    heading_blocks,
    is_picture,
    rich_blocks,
)

_LABEL_TO_VALUE = (2, 3)
_NARROWEST, _WIDEST = 4, 24
_WIDEST_OF_MANY = 12
_FEW_COLUMNS = 3
_PADDING = 2


@dataclass(slots=True)
class Drawing:
    """The elements of one card as they are drawn, for buttons that stand in `spot`; `names` are those of channels."""

    names: Names = field(default_factory=dict)
    spot: Spot = MESSAGE
    blocks: list[Json] = field(default_factory=list)
    _is_divided: bool = field(default=False, init=False)

    def draw(self, element: Element) -> None:
        """Add the elements of `element`; an empty element adds none."""
        match element:
            case Text():
                self.add(self._text(element), spacing=_SPACING.get(element.style))
            case Headline():
                self.add(_headline_blocks(element))
            case Fields(pairs=pairs):
                self.add(_pair_rows(pairs))
            case Image():
                self.add(_image_blocks(element))
            case Table():
                self.add(_table_blocks(element), spacing="medium")
            case Divider():
                self._is_divided = bool(self.blocks)
            case Buttons():
                self.add(action_sets(element, self.spot), spacing="medium")
            case _:
                assert_never(element)

    def add(self, blocks: Sequence[Json], spacing: str | None = None) -> None:
        """Add blocks, the first with `spacing` above it, and with a line if a divider came before."""
        if not blocks:
            return
        first = dict(blocks[0])
        if self._is_divided:
            first |= {"separator": True, "spacing": "extraLarge"}
        elif self.blocks and spacing is not None:
            first["spacing"] = spacing
        self._is_divided = False
        self.blocks += [first, *blocks[1:]]

    def _text(self, text: Text) -> list[Json]:
        match text.style:
            case "heading":
                return heading_blocks(text.spans, self.names)
            case "quiet":
                return rich_blocks(text.spans, self.names, QUIET)
            case "quote":
                lines = rich_blocks(text.spans, self.names)
                return [{"type": "Container", "style": "emphasis", "items": lines}] if lines else []
            case "body":
                return rich_blocks(text.spans, self.names)
            case _:
                assert_never(text.style)


_SPACING = {"heading": "large", "quiet": "small"}


def _headline_blocks(headline: Headline) -> list[Json]:
    """Return the title with its note, beside its picture if it has one."""
    title = rich_blocks((" ".join(headline.title.split()),), NO_NAMES, BOLD)
    note = rich_blocks((headline.note,), NO_NAMES)
    if title and note:
        note[0] = {**note[0], "spacing": "small"}
    words = [*title, *note]
    if not words or not is_picture(headline.picture):
        return [{"type": "Container", "items": words}] if words else []
    picture = {**_image(headline.picture, headline.title or headline.note), "width": limits.SMALL_PICTURE}
    columns = [
        {"type": "Column", "width": "stretch", "items": words},
        {"type": "Column", "width": "auto", "items": [picture]},
    ]
    return [{"type": "ColumnSet", "columns": columns}]


def _pair_rows(pairs: tuple[tuple[str, str], ...]) -> list[Json]:
    """Return a row for each pair; a fact set, which is meant for this, would read both as Markdown."""
    rows = [_pair_row(label, value) for label, value in pairs if label.strip() or value.strip()]
    return [row if place == 0 else {**row, "spacing": "small"} for place, row in enumerate(rows)]


def _pair_row(label: str, value: str) -> Json:
    cells = (_cell(label, BOLD), _cell(value, BODY))
    widths = zip(_LABEL_TO_VALUE, cells, strict=True)
    return {
        "type": "ColumnSet",
        "columns": [{"type": "Column", "width": width, "items": cell} for width, cell in widths],
    }


def _cell(words: str, look: Look) -> list[Json]:
    return rich_blocks((words,), NO_NAMES, look) or [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": NOTHING}]}
    ]


def _image_blocks(image: Image) -> list[Json]:
    """Return the picture; one whose address Teams would not show is told in words."""
    return [_image(image.url, image.alt)] if is_picture(image.url) else rich_blocks((image.alt,), NO_NAMES, QUIET)


def _image(url: str, alt: str) -> Json:
    return {"type": "Image", "url": url, "altText": " ".join(alt.split()) or "…"}


def _table_blocks(table: Table) -> list[Json]:
    """Return a table; as lines of words if it is ragged, or so long that a message might not carry it.

    That its first row is a header is so by itself (renderer and schema differ in how they spell it).
    """
    rows = (table.header, *table.rows)
    if not table.header or not table.rows or any(len(row) != len(table.header) for row in rows):
        return rich_blocks(table_lines(table), NO_NAMES)
    if len(rows) * len(table.header) > limits.MAX_TABLE_CELLS:
        return rich_blocks(table_lines(table), NO_NAMES)
    columns = [
        {
            "type": "TableColumnDefinition",
            "width": _width([row[place] for row in rows], of=len(table.header)),
            "horizontalCellContentAlignment": "right" if place in table.numeric else "left",
        }
        for place in range(len(table.header))
    ]
    drawn = [_table_row(row, BODY if place else BOLD) for place, row in enumerate(rows)]
    return [{"type": "Table", "columns": columns, "rows": drawn, "showGridLines": False}]


def _table_row(row: tuple[str, ...], look: Look) -> Json:
    return {"type": "TableRow", "cells": [{"type": "TableCell", "items": _cell(cell, look)} for cell in row]}


def _width(cells: Sequence[str], *, of: int) -> int:
    """Return the weight of one `of` so many columns: its longest cell, within reason, so that others have room.

    Where many share a narrow screen each has room for its longest word, which would else be broken.
    """
    longest = max(map(len, cells))
    if of <= _FEW_COLUMNS:
        return max(_NARROWEST, min(_WIDEST, longest))
    word = max((len(word) for cell in cells for word in cell.split()), default=0)
    return max(_NARROWEST, min(_WIDEST_OF_MANY, max(longest, word + _PADDING)))


def table_lines(table: Table) -> Spans:
    """Return a table as lines of words: the header in bold, the cells of a row between middle dots."""
    header = _line(table.header)
    body = "\n".join(line for row in table.rows if (line := _line(row)))
    return (*((Bold(header),) if header else ()), f"\n{body}" if header and body else body)


def _line(row: tuple[str, ...]) -> str:
    return " · ".join(" ".join(cell.split()) for cell in row if cell.strip())
