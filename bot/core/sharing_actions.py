"""What people ask for when they share: the window, the way out of it, proofs, later, and taking a share back."""

from dataclasses import dataclass

from bot.core.interaction import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShare(Action):
    """Open the share window for `post_id`."""

    opens_window = True

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShare(Action):
    """Redraw the share window for another `network` or wording of the `disclosure`, keeping `text`."""

    opens_window = True

    share_id: int
    network: str = ""
    text: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveForNetwork(Action):
    """Keep `text` for `network`: the member has just followed the link to its composer."""

    share_id: int
    network: str = ""
    text: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayShared(Action):
    """The member says that they shared it; kept as said."""

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPermalink(Action):
    """Open the window that takes the link of the member's own post."""

    opens_window = True

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitPermalink(Action):
    """Confirm a share by `url`, the address of the member's post on the network."""

    share_id: int
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoShare(Action):
    """Take back a share: its points are reversed, its link keeps working."""

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissPost(Action):
    """Not for me: never remind me of this post, fewer on its topics."""

    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWelcome(Action):
    """Say whether one's name may stand on boards ("yes" or "no"); in a share window its fields come along."""

    names: str
    share_id: int = 0
    network: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareNow(Action):
    """Publish exactly `text` on `network` by the member's connected account, now.

    Without `network` (a button in a private message) it is the text that is kept with the share. `seen` is the mark of
    a text of which the member was told that it is much like a colleague's.
    """

    share_id: int
    network: str = ""
    text: str = ""
    disclosure: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayThere(Action):
    """After an answer that never came: the member has looked, and their post is there."""

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SayNotThere(Action):
    """After an answer that never came: the member has looked, and their post is not there."""

    share_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLater(Action):
    """Keep `text` and open the window that asks when to be asked to share it."""

    opens_window = True

    share_id: int
    network: str = ""
    text: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitLater(Action):
    """Ask the member at that time: `pick` is an offered instant (ISO); day and time as typed, in their zone, win."""

    share_id: int
    pick: str = ""
    day: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelLater(Action):
    """Do not ask any more; the text stays, in an open window as typed."""

    share_id: int
    network: str = ""
    text: str = ""
