"""The structure of rich text. Source: docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from playground.limits_rules import Check, boolean, by_type, listing, one_of, shape, string, url, whole

MOST = 10_000
NAME = string(255)
STYLE = shape(
    {},
    dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), boolean
    ),
)  # fmt: skip
INLINE = by_type(
    {
        "text": shape({"text": string(MOST)}, {"style": STYLE}),
        "link": shape({"url": url()}, {"text": string(MOST), "style": STYLE, "unsafe": boolean}),
        "emoji": shape({"name": NAME}, {"unicode": NAME, "style": STYLE, "skin_tone": whole(1, 6)}),
        "user": shape({"user_id": NAME}, {"style": STYLE}),
        "usergroup": shape({"usergroup_id": NAME}, {"style": STYLE}),
        "channel": shape({"channel_id": NAME}, {"style": STYLE}),
        "team": shape({"team_id": NAME}, {"style": STYLE}),
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, {"style": STYLE}),
        "color": shape({"value": NAME}, {"style": STYLE}),
        "date": shape(
            {"timestamp": whole(0, 10**11), "format": NAME}, {"url": url(), "fallback": string(MOST), "style": STYLE}
        ),
    },
    "rich text element",
)
INLINES = listing(INLINE, 0, 1000)
SECTION = shape({"elements": INLINES})
PARTS: dict[str, Check] = {
    "rich_text_section": SECTION,
    "rich_text_quote": shape({"elements": INLINES}, {"border": whole(0, 1)}),
    "rich_text_preformatted": shape({"elements": INLINES}, {"border": whole(0, 1), "language": NAME}),
    "rich_text_list": shape(
        {
            "style": one_of("bullet", "ordered"),
            "elements": listing(by_type({"rich_text_section": SECTION}, "list item"), 0, 1000),
        },
        {"indent": whole(0, 8), "offset": whole(0, 10_000), "border": whole(0, 1)},
    ),
}
PART = by_type(PARTS, "rich text part")
RICH_TEXT = shape({"elements": listing(PART, 0, 1000)}, {"block_id": string(255)})
