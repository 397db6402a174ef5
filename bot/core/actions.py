"""What people ask for: one `Interaction` with one `Action`, plain frozen data."""

from dataclasses import dataclass

from bot.core.interaction import Action as Action
from bot.core.interaction import FieldValue as FieldValue
from bot.core.interaction import Interaction as Interaction
from bot.core.sharing_actions import AnswerWelcome as AnswerWelcome
from bot.core.sharing_actions import CancelLater as CancelLater
from bot.core.sharing_actions import ChangeShare as ChangeShare
from bot.core.sharing_actions import DismissPost as DismissPost
from bot.core.sharing_actions import LeaveForNetwork as LeaveForNetwork
from bot.core.sharing_actions import OpenLater as OpenLater
from bot.core.sharing_actions import OpenPermalink as OpenPermalink
from bot.core.sharing_actions import OpenShare as OpenShare
from bot.core.sharing_actions import SayNotThere as SayNotThere
from bot.core.sharing_actions import SayShared as SayShared
from bot.core.sharing_actions import SayThere as SayThere
from bot.core.sharing_actions import ShareNow as ShareNow
from bot.core.sharing_actions import SubmitLater as SubmitLater
from bot.core.sharing_actions import SubmitPermalink as SubmitPermalink
from bot.core.sharing_actions import UndoShare as UndoShare

# Publishing


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPost(Action):
    """Begin a post, from `link` if one is given."""

    opens_window = True

    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipReading(Action):
    """Show the post form at once, without waiting for the page."""

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFields(Action):
    """What the post form holds, as typed: dates "YYYY-MM-DD", times "HH:MM", both in the curator's zone."""

    post_id: int
    title: str = ""
    summary: str = ""
    link: str = ""
    picture: str = ""
    channels: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    language: str = ""
    wording_language: str = ""
    wording_1: str = ""
    wording_1_network: str = ""
    wording_2: str = ""
    wording_2_network: str = ""
    wording_3: str = ""
    wording_3_network: str = ""
    publish_on: str = ""
    publish_at: str = ""
    expires_on: str = ""
    expires_at: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft(PostFields):
    """Keep what was typed so far; bad values are kept as typed and told at the review."""

    shown_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPost(PostFields):
    """Check what was typed and show the channels and times before anything is announced."""

    shown_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPost(Action):
    """Send the real card of a post to oneself alone."""

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncePost(Action):
    """Announce a reviewed post now, or at the time it holds; with a second pair of eyes, ask for it."""

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardDraft(Action):
    """Throw a draft away."""

    post_id: int


# Suggesting and deciding; `ref` is "S12" for a suggestion, "P7" for a post, or a bare number


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggest(Action):
    """Suggest `link` (as typed, maybe with words around it) for the programme, with a reason."""

    link: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestMessage(Action):
    """Open the suggestion window for somebody's message, `text` with its links."""

    opens_window = True

    text: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitSuggestion(Action):
    """Suggest `link` from the window."""

    link: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowQueue(Action):
    """List what waits for a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Action):
    """Approve a suggestion (it becomes a post draft) or a pending post."""

    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDecline(Action):
    """Open the window that asks why."""

    opens_window = True

    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(Action):
    """Decline a suggestion or a pending post with a reason that its authors are told."""

    ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Action):
    """Open the form of a post, or of the post that a suggestion becomes."""

    opens_window = True

    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Action):
    """Announce an approved post at `when`, in the curator's words and zone."""

    ref: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Action):
    """Stop the sharing of a post and say so on every announcement."""

    ref: str = ""


# Looking and setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBoard(Action):
    """Show the board of "week", "month" (rolling 30 days) or "season" (quarter); `crews` for the board of crews."""

    period: str = "week"
    crews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPosts(Action):
    """Find posts to share by `words`; no words: the newest."""

    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMe(Action):
    """Show what one's own shares brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowWhy(Action):
    """Explain one's own ledger entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHome(Action):
    """The Home tab was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSettings(Action):
    """Open the settings window."""

    opens_window = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveSettings(Action):
    """Keep the settings."""

    network: str = ""
    locale: str = ""
    names: str = ""
    disclosure: str = ""
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Action):
    """Leave the programme, privately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComeBack(Action):
    """Take part again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPrivacy(Action):
    """Show what is kept about oneself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMine(Action):
    """Get what is kept about oneself as a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseMe(Action):
    """Erase what is kept about oneself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHelp(Action):
    """Show what Vouch understands; `unknown` is a word that it did not, `nearest` the closest one that it does."""

    unknown: str = ""
    nearest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessage(Action):
    """Words sent to the bot itself: a link is a suggestion, a command is a command, anything else gets help."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Action):
    """Ask oneself, on another platform, whether both are one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPairing(Action):
    """Answer the question of `asker_id` whether both are one person: "yes" or "no"."""

    asker_id: int
    answer: str


# Accounts at networks


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccounts(Action):
    """Show one's connections to networks, with what can be connected, renewed or ended."""

    opens_window = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Action):
    """Give the member a private one-time link to connect their account at `network`; `share_id` is where they were."""

    opens_window = True

    network: str
    share_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveToConnect(Action):
    """The member has just followed the link of `Connect` to their browser."""

    network: str
    share_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Action):
    """End the connection to `network`: its tokens are deleted, and revoked where the network can."""

    network: str


# Reporting


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReport(Action):
    """Show what the programme brought in "week", "month" (rolling 30 days) or "quarter", no person in it."""

    period: str = "month"


# Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup(Action):
    """Show the state of the installation; with a valid one-time `code` become its first admin."""

    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFailures(Action):
    """List failed and uncertain jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryJob(Action):
    """Send a failed or uncertain job again."""

    job_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DropJob(Action):
    """Give a failed or uncertain job up."""

    job_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHeld(Action):
    """Decide what becomes of all that was open in a restored database: "send", "drop" or "keep"."""

    how: str
