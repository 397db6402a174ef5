"""The tables behind the hottest models: a statement on a table costs a fraction of one on a mapped class."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import Executable, Table
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InboxRow, Member, Post, Share, TrackedLink, Wording

INBOX = cast(Table, InboxRow.__table__)
LINK = cast(Table, TrackedLink.__table__)
MEMBER = cast(Table, Member.__table__)
POST = cast(Table, Post.__table__)
SHARE = cast(Table, Share.__table__)
WORDING = cast(Table, Wording.__table__)


def of_dialect(statements: Mapping[str, Executable], session: AsyncSession) -> Executable:
    """Return that of the statements, one per dialect and built once, which this session's database understands."""
    return statements[session.get_bind().dialect.name]
