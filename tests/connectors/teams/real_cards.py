"""The cards and windows of the use cases themselves, filled as on a busy day: what Teams has to show in earnest."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from bot.core.actions import Interaction, ShowBoard, ShowHelp
from bot.core.cards import Bold, Card, Form, Text
from bot.core.commands import COMMANDS
from bot.core.disclosure import allowed_lines
from bot.core.later import Offer, Picked
from bot.core.leaderboard import CrewRank, Period, Ranked, Standing, Visible
from bot.core.moderation import PostState
from bot.core.people import Role
from bot.core.points import PointsPolicy
from bot.core.post_checks import CheckedPost
from bot.core.posts import Draft, PostFace, TypedWording
from bot.core.privacy import RetentionPolicy
from bot.core.programme import AnnounceChannel, Company, NetworkSettings, Programme
from bot.i18n.translator import words_for
from handlers.cards import (
    accounts,
    board,
    delivering,
    help,
    home,
    later,
    outcome,
    post,
    post_form,
    privacy,
    profile,
    share,
    suggestion,
)
from handlers.context import Context, Me
from tests.fakes import FakeComposers

NEWS, ENERGY = "19:news@thread.tacv2", "19:energy@thread.tacv2"
NAMES = {NEWS: "Company news", ENERGY: "Energy & climate"}
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PICTURE = "https://vouch.example/p/1.png"
TITLE = "How we keep turbines running at -30 °C"
SUMMARY = (
    "Ice on a blade costs a tenth of a winter's yield. Our colleagues in Kiruna heat only the edge, and only when a "
    "camera sees ice.\n\nThe result: 9 % more power, and nobody climbs in the dark."
)
LINK = "https://brightwater.example/stories/turbines-at-minus-30?from=newsroom"
WORDING = (
    "Two winters ago I stood under one of these in Kiruna and could hear the ice fall.\n"
    "Now a camera sees it first. *Proud* of this team - 1. for the idea, 2. for not giving up.\n\n#windpower"
)
NETWORKS = ("linkedin", "x", "mastodon", "bluesky", "facebook", "whatsapp")

PROGRAMME = Programme(
    company=Company(
        name="Brightwater",
        sponsor="Mara Lind",
        sponsor_word="Share what you are proud of, and nothing else.",
        policy_url="https://intranet.brightwater.example/policy",
    ),
    zone=ZoneInfo("Europe/Amsterdam"),
    public_url="https://vouch.brightwater.example",
    channels=(
        AnnounceChannel(ref=NEWS, name="Company news", language="en", topics=("water", "people")),
        AnnounceChannel(ref=ENERGY, name="Energy & climate", language="en", topics=("energy",)),
    ),
    curators_channel="19:curators@thread.tacv2",
    networks={name: NetworkSettings(name=name) for name in NETWORKS},
    topics=("water", "people", "energy"),
    points=(PointsPolicy(),),
)
WORDS = words_for("en", "Europe/Amsterdam")
ME = Me(
    id=3,
    identity_id=3,
    platform="teams",
    tenant_ref="11111111-2222-3333-4444-555555555555",
    person_ref="99999999-2222-3333-4444-555555555555",
    name="Anna de Vries",
    role=Role.ADMIN,
    locale="en-GB",
    zone="Europe/Amsterdam",
    crew_id=None,
    default_network="linkedin",
    is_named=True,
    muted_topics=("water",),
    joined_at=NOW,
    welcomed_at=NOW,
    left_at=None,
)
CTX = Context(
    session=cast(AsyncSession, None),
    interaction=Interaction(
        key="f:1",
        platform="teams",
        tenant_ref=ME.tenant_ref,
        person_ref=ME.person_ref,
        action=ShowHelp(),
        received_at=NOW,
        is_direct=True,
        is_live=False,
    ),
    me=ME,
    now=NOW,
    programme=PROGRAMME,
    words=WORDS,
    composers=FakeComposers(),
    secret=b"0123456789abcdef0123456789abcdef",
)
FACE = PostFace(
    post_id=7,
    state=PostState.PUBLISHED,
    title=TITLE,
    summary=SUMMARY,
    link=LINK,
    source="Brightwater newsroom",
    picture=PICTURE,
    curator="Ben Okoro",
    authors=("Chiara Rossi",),
    sharers=12,
)
DRAFT = Draft(
    title=TITLE,
    summary=SUMMARY,
    link=LINK,
    picture=PICTURE,
    channels=(NEWS,),
    topics=("energy",),
    networks=("linkedin", "x"),
    language="en",
    wording_language="en",
    publish_on="2026-11-24",
    publish_at="09:00",
    wordings={"en": (TypedWording(text=WORDING, network="linkedin"),)},
)
OPENED = post_form.Opened(post_id=7, member_id=3, state=PostState.DRAFT, draft=DRAFT, is_live=False)
CHECKED = CheckedPost(
    title=TITLE,
    summary=SUMMARY,
    link=LINK,
    source="Brightwater newsroom",
    picture=PICTURE,
    language="en",
    channels=(NEWS, ENERGY),
    topics=("energy",),
    networks=("linkedin", "x"),
    disclosure="",
    wordings=(),
    publish_at=NOW + timedelta(days=1),
    expires_at=NOW + timedelta(days=30),
)
ALLOWED = allowed_lines("Brightwater", PROGRAMME.disclosure, language="en-GB")
PROPOSED = suggestion.Proposed(
    suggestion_id=12,
    link="https://energy.example/long/path/to/an/article-that-has-a-rather-long-address?utm_source=newsletter",
    authors=(("Chiara Rossi", "Our own turbine is in it, page 4."), ("Tom", "- see also\n- the <b>chart</b>")),
)


class Decision:
    """A decision as the history tells it."""

    what, name, at, reason = "declined", "Ben Okoro", NOW, "Off topic for now; again in spring?"


SENT = delivering.Sent(
    share_id=5, title=TITLE, network="linkedin", text=f"#BrightwaterEmployee\n\n{WORDING}\n\n{LINK}", profile=LINK
)


TROUBLE = delivering.trouble_line(CTX, "linkedin", delivering.Trouble(fault="expired"))
UNTIL = NOW + timedelta(days=60)
CONNECTED = accounts.News(network="linkedin", name="Anna de Vries", until=UNTIL, post_id=7, title=TITLE)
ACCOUNTS = (
    accounts.AccountView(network="linkedin", can_connect=True, name="Anna de Vries", since=NOW, until=UNTIL),
    accounts.AccountView(network="x", can_connect=True),
    accounts.AccountView(network="mastodon", can_connect=True, name="anna", since=NOW, fault="revoked"),
)


def _window(**more: object) -> share.ShareWindow:
    values: dict[str, object] = {
        "share_id": 5,
        "title": TITLE,
        "picture": PICTURE,
        "network": "linkedin",
        "networks": NETWORKS,
        "text": WORDING,
        "edition": 0,
        "inspiration": ("We heat only what ices. That is the whole trick.", "Why I like cold turbines:\n1. they hum"),
        "disclosure": "#BrightwaterEmployee",
        "link": "https://vouch.brightwater.example/l/k3f9",
        "address": "https://vouch.brightwater.example/go/abc",
        "room": 2511,
    }
    return share.ShareWindow(**{**values, **more})  # type: ignore[arg-type]


def _view(**more: object) -> outcome.SharedView:
    values: dict[str, object] = {
        "share_id": 5,
        "post_id": 7,
        "title": TITLE,
        "network": "linkedin",
        "others": ("x", "mastodon", "bluesky"),
        "text": WORDING,
        "opened_at": NOW,
        "said_at": NOW + timedelta(minutes=3),
        "confirmed_at": None,
        "evidenced_at": None,
        "permalink": "https://www.linkedin.com/posts/anna-123",
        "visits": 4,
        "points": 15,
        "can_open": False,
    }
    return outcome.SharedView(**{**values, **more})  # type: ignore[arg-type]


def _board() -> Card:
    first = date(2026, 11, 16)
    posts = board.PostsPart(
        first=first,
        last=first + timedelta(days=6),
        lines=(
            board.PostLine(title=TITLE, is_new=True, shares=12, visits=340),
            board.PostLine(title="Meet the night shift", is_new=False, shares=4, visits=51),
        ),
        shares=16,
        unproven=2,
        visits=391,
        by_day={first + timedelta(days=day): 20 * day for day in range(7)},
    )
    people = board.PeoplePart(
        heading="This week",
        visible=Visible(
            rows=(
                Ranked(rank=1, standing=Standing(member_id=3, points=140, is_named=True)),
                Ranked(rank=2, standing=Standing(member_id=4, points=90, is_named=True)),
            ),
            others=6,
            others_points=210,
            total=440,
        ),
        names={3: "Anna de Vries", 4: "Tom_van_Dijk *TvD*"},
    )
    crews = board.CrewsPart(heading="Teams", crews=(CrewRank(rank=1, crew_id=1, name="Kiruna", mean=21.5),), smallest=5)
    picture = board.Picture(url="https://vouch.example/p/chart.png", alt=board.chart_alt(WORDS, posts))
    return board.weekly_card(WORDS, posts, (people, crews), picture=picture)


SUMS = {
    Period.WEEK: profile.MySum(points=15, shares=1, visits=4, place=3),
    Period.MONTH: profile.MySum(points=60, shares=5, visits=31, place=4),
    Period.QUARTER: profile.MySum(points=160, shares=12, visits=90, place=6),
}


def _home() -> Card:
    newest = (
        home.HomePost(
            id=7, title=TITLE, summary=SUMMARY, source="Brightwater newsroom", picture=PICTURE, is_shared=False
        ),
        home.HomePost(id=6, title="Meet the night shift", summary="", source="", picture="", is_shared=True),
    )
    return home.home_card(CTX, newest, SUMS, waiting=3)


def _me() -> Card:
    mine = (
        profile.MyShare(title=TITLE, network="linkedin", facts=("said", "confirmed"), visits=4, points=15),
        profile.MyShare(title="Meet the night shift", network="x", facts=("opened",), visits=None, points=0),
    )
    return profile.me_card(CTX, SUMS, mine)


def _kept() -> privacy.KeptPart:
    return privacy.KeptPart(
        name="Anna de Vries",
        email="anna@brightwater.example",
        others=(),
        crew=None,
        role="admin",
        locale="en-GB",
        zone="Europe/Amsterdam",
        is_named=None,
        shares=12,
        drafts=1,
        visits=90,
        suggestions=2,
        decisions=4,
        entries=31,
        dismissals=3,
        accounts=1,
    )


def _settings() -> Form:
    view = profile.SettingsView(
        networks=NETWORKS,
        network=None,
        languages=("en", "nl"),
        locale=None,
        is_named=True,
        topics=PROGRAMME.topics,
        muted=("water",),
        wordings=ALLOWED,
        wording=ALLOWED.choices[1].value,
    )
    return profile.settings_form(CTX, view)


def _later() -> Form:
    """Return the window that asks when, with a time that was picked before."""
    offers = (Offer(at=NOW + timedelta(hours=3)), Offer(at=NOW + timedelta(days=1), is_recommended=True))
    picked = Picked(day="2026-11-28", time="21:15")
    return later.later_form(
        CTX, later.LaterWindow(share_id=5, title=TITLE, network="linkedin", offers=offers, at=NOW, picked=picked)
    )


def _asking(**more: object) -> Card:
    """Return the question at the time that was picked, late."""
    values: dict[str, object] = {
        "share_id": 5,
        "title": TITLE,
        "network": "linkedin",
        "text": f"#BrightwaterEmployee\n\n{WORDING}\n\nhttps://vouch.brightwater.example/l/k3f9",
        "is_connected": False,
        "url": "https://vouch.brightwater.example/go/abc",
        "late_from": NOW,
        "opened_at": NOW,
    }
    return later.asking_card(WORDS, later.Asking(**{**values, **more}))  # type: ignore[arg-type]


def _queue() -> Card:
    rows = (*suggestion.suggestion_row(WORDS, PROPOSED), *post.draft_rows(WORDS, ((8, "Meet the night shift"),)))
    return Card(title=WORDS.text("queue.title"), body=(Text((Bold("Suggestions (1)"),)), *rows))


def messages() -> Mapping[str, Card]:
    """Return every kind of card that stands in a message, by a name for it."""
    plans = post.Plans(channels=(NEWS, ENERGY), publish_at=NOW, author="Ben Okoro")
    done = post.Plans(channels=(NEWS,), publish_at=None, author="Ben Okoro", decided=post.done_by(WORDS, Decision()))
    kept = privacy.privacy_card(WORDS, _kept(), retention=RetentionPolicy(), company=PROGRAMME.company)
    return {
        "announcement": post.announcement_card(WORDS, FACE, is_tracked=True),
        "pending": post.pending_card(WORDS, FACE, plans),
        "decided": post.pending_card(WORDS, FACE, done),
        "suggestion": suggestion.suggestion_card(WORDS, PROPOSED),
        "outcome": suggestion.outcome_card(WORDS, PROPOSED, is_approved=False, note="Not now.\nThanks!"),
        "queue": _queue(),
        "board": _board(),
        "board_buttons": Card(title="Board", body=(board.board_buttons(WORDS, ShowBoard()),)),
        "home": _home(),
        "me": _me(),
        "help": help.help_card(CTX, tuple(COMMANDS.values()), unknown="shre", nearest="share"),
        "privacy": kept,
        "planned": later.planned_card(CTX, share_id=5, network="linkedin", at=NOW, is_moved=True),
        "asking": _asking(),
        "asking_connected": _asking(is_connected=True, url=None),
        "shared": outcome.shared_card(CTX, _view()),
        "look_message": delivering.look_card(CTX, SENT),
        "failed": delivering.failed_card(CTX, SENT, delivering.Trouble(fault="expired")),
        "connected": accounts.connected_card(WORDS, CONNECTED),
        "ends_soon": accounts.reminder_card(WORDS, CONNECTED),
        "ask": outcome.ask_card(WORDS, share_id=5, title=TITLE, network="linkedin"),
    }


def dialogs() -> Mapping[str, Form]:
    """Return every kind of window, by a name for it."""
    return {
        "share": share.share_form(CTX, _window()),
        "share_later": share.share_form(CTX, _window(later_at=NOW, allowed=ALLOWED)),
        "later": _later(),
        "share_first": share.share_form(CTX, _window(is_welcome=True, text="", inspiration=())),
        "share_connected": share.share_form(CTX, _window(connection=share.Connection.CONNECTED, account="Anna J.")),
        "share_broken": share.share_form(CTX, _window(connection=share.Connection.BROKEN)),
        "share_failed": share.share_form(CTX, _window(connection=share.Connection.BROKEN, trouble=TROUBLE)),
        "accounts": accounts.accounts_form(CTX, ACCOUNTS, note="X is disconnected."),
        "connect": accounts.connect_form(CTX, accounts.ConnectView(network="mastodon", share_id=5, url=LINK)),
        "on_their_way": accounts.on_their_way_form(CTX, "mastodon", share_id=5),
        "posting": delivering.posting_form(CTX, SENT),
        "look": delivering.look_form(CTX, SENT),
        "ready": share.ready_form(CTX, _window(is_checked=True)),
        "shared_window": outcome.shared_form(CTX, _view()),
        "permalink": outcome.permalink_form(CTX, share_id=5, network="linkedin"),
        "post": post_form.post_form(WORDS, PROGRAMME, OPENED),
        "reading": post_form.reading_window(WORDS, OPENED),
        "review": post_form.review_form(WORDS, OPENED, post_form.Review(checked=CHECKED, step="schedule", ref="r")),
        "suggest": suggestion.suggestion_window(WORDS, ref="s", links=("https://a.example/1", "https://b.example/2")),
        "decline": suggestion.decline_window(WORDS, window="d", ref="S12"),
        "settings": _settings(),
    }
