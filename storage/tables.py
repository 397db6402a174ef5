"""The tables behind the hottest models: a statement on a table costs a fraction of one on a mapped class."""

from typing import cast

from sqlalchemy import Table

from storage.models import (
    Account,
    Address,
    Announcement,
    InboxRow,
    JobRow,
    Lane,
    Member,
    Post,
    Share,
    Suggestion,
    TrackedLink,
    Wording,
)

ACCOUNT = cast(Table, Account.__table__)
ADDRESS = cast(Table, Address.__table__)
ANNOUNCEMENT = cast(Table, Announcement.__table__)
INBOX = cast(Table, InboxRow.__table__)
JOB = cast(Table, JobRow.__table__)
LANE = cast(Table, Lane.__table__)
LINK = cast(Table, TrackedLink.__table__)
MEMBER = cast(Table, Member.__table__)
POST = cast(Table, Post.__table__)
SHARE = cast(Table, Share.__table__)
SUGGESTION = cast(Table, Suggestion.__table__)
WORDING = cast(Table, Wording.__table__)
