"""Cards and windows with one of everything, and a text with all that a platform might read in it."""

from datetime import UTC, datetime

from bot.core import actions as a
from bot.core.cards import (
    Bold,
    Button,
    Buttons,
    Card,
    Channel,
    Code,
    Confirm,
    DateField,
    Divider,
    Fields,
    Form,
    Headline,
    Image,
    Italic,
    Link,
    LinkButton,
    ManyField,
    Mention,
    Menu,
    Option,
    SelectField,
    Table,
    Text,
    TextField,
    TimeField,
    When,
)

TRICKY = (
    "**bold** _it_ ~~no~~ `code` [a](https://evil.example) <at>Ann</at> <b>b</b> & &amp; &lt; \\* "
    "{{DATE(2026-01-01T00:00:00Z, SHORT)}} {{TIME(2026-01-01T00:00:00Z)}} ${x} :) 👩‍👩‍👧 שלום"
)
LINES = "- one\n1. two\n# three\n> four\n\n    five\n---\n* six"
SHARE = a.OpenShare(post_id=7)
AT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
NEWS = "19:news@thread.tacv2"
NAMES = {NEWS: "Company news"}
OPTIONS = (Option(value="linkedin", label="LinkedIn"), Option(value="a,b%2C", label=TRICKY[:60]))
PICTURE = "https://vouch.example/p/1.png"

POST = Card(
    title=TRICKY,
    body=(
        Image(PICTURE, "A turbine in the snow"),
        Text((TRICKY, "\n", Bold("Bold"), " ", Italic("italic"), " ", Code("/vouch"), " ",
              Link("https://example.com/a?b=1&c=2", TRICKY))),
        Text((LINES,), style="quote"),
        Fields((("Topic", "Wind"), (TRICKY, LINES))),
        Headline("Winter report", "What it says.", PICTURE),
        Headline(TRICKY, LINES, PICTURE),
        Headline("Winter report", "Without a picture"),
        Divider(),
        Text(("Read it at ", Link("https://example.com/", "Example"), " · ", Bold("Curated by Ann")), style="quiet"),
        Text(("Announced ", When(AT, "21 Nov, 21:00"), " in ", Channel(NEWS), ", ", Channel("19:gone"), "."), "quiet"),
        Text(("Declined by *Ann*, ", When(AT, "21 Nov, 21:00"), " for ", Mention("29:ben"))),
        Buttons((
            Button(label="Share", about="Winter report", action=SHARE, style="primary"),
            Button(label="Not for me", action=a.DismissPost(post_id=7)),
            LinkButton(label="Read", url="https://example.com/", action=a.OpenHome()),
            Menu(items=(
                Button(label="Edit", action=a.Edit(ref="P7")),
                Button(label="Approve", action=a.Approve(ref="P7")),
                Button(label="Withdraw", action=a.Withdraw(ref="P7"), style="danger", confirm=Confirm(
                    title="Withdraw?", text=TRICKY, yes="Withdraw", no="Keep")),
            )),
        )),
    ),
)  # fmt: skip
BOARD = Card(
    title="This week",
    summary="Anna leads with 40 points.",
    body=(
        Text(("Heading",), style="heading"),
        Text((TRICKY,), style="heading"),
        Table(("", "Name", "Network", "Points"), (("1", "Anna", "X", "40"), ("2", TRICKY, "", "12")), numeric=(0, 3)),
        Table(("Team", "Mean"), (("North", "3"),), numeric=(1,)),
    ),
)
WINDOW = Form(
    ref="share-5",
    title="Share “Winter report” with your own network",
    submit=a.SubmitPermalink(share_id=5),
    submit_label="Send",
    change=a.ChangeShare(share_id=5),
    change_label="Keep",
    back=a.OpenShare(post_id=7),
    close_label="Back",
    closed=a.UndoShare(share_id=5),
    body=(
        Text(("Your words",), style="quiet"),
        SelectField(name="network", label="Network", options=OPTIONS, value="a,b%2C", is_optional=True),
        TextField(name="text", label="Text", value=f"{TRICKY}\n{LINES}", is_long=True, hint="Say", placeholder="Why"),
        TextField(name="url", label="Link", hint=TRICKY, max_length=200),
        ManyField(name="channels", label="Channels", options=OPTIONS, values=("a,b%2C", "gone"), is_optional=True),
        ManyField(name="networks", label="Networks", options=OPTIONS, is_list=True, hint="As many as you like"),
        DateField(name="publish_on", label="Day", value="2026-12-01"),
        TimeField(name="publish_at", label="Time", value="25:99"),
        SelectField(name="topic", label="Topic", options=(), hint="None yet"),
        Buttons((
            Button(label="Share", action=SHARE),
            Button(label="Undo", action=a.UndoShare(share_id=5), style="danger", confirm=Confirm(
                title="Take it back?", text="Its points go.", yes="Undo", no="Keep")),
        )),
        Table(("Team", "Mean"), (("North", "3"),)),
    ),
)  # fmt: skip
ERRORS = {"url": "This is not a link.", "": "Nothing was sent.", "topic": "Choose one."}
