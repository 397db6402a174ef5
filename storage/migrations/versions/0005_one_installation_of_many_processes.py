"""one installation of many processes"""

import sqlalchemy as sa
from alembic import op

from storage import types as storage_types

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the schema forward."""
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reads_from", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("held_at", storage_types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.bulk_insert(installation, [{"id": 1, "reads_from": "0004"}])
    op.create_table(
        "leader",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("until", storage_types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leader")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("leader")
    op.drop_table("installation")
