"""What cards and windows of sharing have in common: their buttons, and how their windows are named."""

from bot.core.actions import Connect, OpenPermalink, OpenShare, SayShared
from bot.core.cards import Button
from bot.core.networks import NETWORKS
from bot.i18n.translator import Words
from handlers.context import Context


def window_ref(ctx: Context, share_id: int) -> str:
    """Return the name of a share's window, as it is drawn by this interaction."""
    return f"share-{share_id}-{ctx.interaction.key}"[:255]


def share_button(words: Words, *, post_id: int, title: str) -> Button:
    """Return the button that opens the share window."""
    return Button(label=words.text("share.button"), action=OpenShare(post_id=post_id), style="primary", about=title)


def said_button(words: Words, share_id: int) -> Button:
    """Return the button by which a member says that they shared it."""
    return Button(label=words.text("share.said"), action=SayShared(share_id=share_id))


def paste_button(words: Words, share_id: int, *, is_again: bool = False) -> Button:
    """Return the button that asks for the link of the member's own post."""
    label = words.text("share.paste_again" if is_again else "share.paste")
    return Button(label=label, action=OpenPermalink(share_id=share_id))


def connect_button(ctx: Context, *, network: str, share_id: int, is_again: bool) -> Button:
    """Return the button by which a member connects their account (again), and comes back to their share."""
    return Button(
        label=ctx.text("share.connect_again" if is_again else "share.connect", network=NETWORKS[network].label),
        action=Connect(network=network, share_id=share_id),
    )
