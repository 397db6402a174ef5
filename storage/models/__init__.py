"""The tables: one module per noun."""

from storage.models.account import Account, Connecting, InstanceApp
from storage.models.base import Base
from storage.models.installation import Installation, Leader
from storage.models.ledger import CrewTotal, LedgerEntry, PointsCount, PostDay, Total
from storage.models.measure import Figure, Spend
from storage.models.member import Address, AdminCode, Crew, Dismissal, Member, Pairing
from storage.models.post import Announcement, Decision, Post, Wording
from storage.models.share import GoVisitor, Salt, Share, TrackedLink, Visit
from storage.models.suggestion import Suggestion, SuggestionAuthor
from storage.models.work import InboxRow, JobRow, Lane, Picture, Tick

__all__ = [
    "Account",
    "Address",
    "AdminCode",
    "Announcement",
    "Base",
    "Connecting",
    "Crew",
    "CrewTotal",
    "Decision",
    "Dismissal",
    "Figure",
    "GoVisitor",
    "InboxRow",
    "Installation",
    "InstanceApp",
    "JobRow",
    "Lane",
    "Leader",
    "LedgerEntry",
    "Member",
    "Pairing",
    "Picture",
    "PointsCount",
    "Post",
    "PostDay",
    "Salt",
    "Share",
    "Spend",
    "Suggestion",
    "SuggestionAuthor",
    "Tick",
    "Total",
    "TrackedLink",
    "Visit",
    "Wording",
]
