"""visits by link once looked at"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEEN = sa.text("credited_at IS NOT NULL OR kind <> 'human'")


def upgrade() -> None:
    """Bring the schema forward."""
    op.drop_index("ix_visit_link_day", "visit")
    op.create_index("ix_visit_seen", "visit", ["link_id", "on_day"], sqlite_where=SEEN, postgresql_where=SEEN)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_visit_seen", "visit")
    op.create_index("ix_visit_link_day", "visit", ["link_id", "on_day"])
