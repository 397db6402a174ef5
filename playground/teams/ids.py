"""Who is who on Teams: the ids that people, channels and conversations of the company have there.

Everything is computed from the ids of `company.yaml`, so that a test names Nadia on both platforms as `U0NADIA`.
"""

import base64
import hashlib
from uuid import UUID, uuid5

NAMESPACE = UUID("5b1d3f5e-7c55-4f0e-9d5f-6f1f0f6f2c11")
THREAD = ";messageid="


def tenant_of(team: str) -> str:
    """Return the tenant's id of a company by the id of its team ("T0BRIGHT")."""
    return str(uuid5(NAMESPACE, f"tenant {team}"))


def group_of(team: str) -> str:
    """Return the id of the Microsoft 365 group behind the company's team."""
    return str(uuid5(NAMESPACE, f"group {team}"))


def aad_of(person: str) -> str:
    """Return the directory's object id of a person: lower-case, the same for every bot."""
    return str(uuid5(NAMESPACE, person))


def bot_of(app: str) -> str:
    """Return the bot's account by its app id."""
    return f"28:{app}"


def account_of(person: str, app: str) -> str:
    """Return a person's account as this one bot knows it; another bot is told another one."""
    return f"29:1{_digest(f'account {app} {person}')}"


def chat_of(person: str, app: str) -> str:
    """Return the id of a person's personal chat with this bot."""
    return f"a:1{_digest(f'chat {app} {person}')}"


def channel_of(channel: str) -> str:
    """Return the id of a channel's thread; it has capitals, as real ones do."""
    return f"19:{channel}@thread.tacv2"


def group_chat_of(name: str) -> str:
    """Return the id of a group chat by the name the test gives it."""
    return f"19:{hashlib.sha256(name.encode()).hexdigest()[:32]}@thread.v2"


def base_of(conversation: str) -> str:
    """Return a conversation's id without the message that a channel's thread begins with."""
    return conversation.partition(THREAD)[0]


def root_of(conversation: str) -> str:
    """Return the message that a channel's thread begins with; empty for the channel itself or a chat."""
    return conversation.partition(THREAD)[2]


def thread_id(conversation: str, root: str) -> str:
    """Return the id of the thread that begins with `root`; the conversation's own id without one."""
    return f"{base_of(conversation)}{THREAD}{root}" if root else base_of(conversation)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
