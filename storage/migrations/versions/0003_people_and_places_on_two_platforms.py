"""people and places on two platforms"""

import sqlalchemy as sa
from alembic import op

from storage import types as storage_types

revision = "0003"
down_revision = "0002"

KEY = storage_types.BigKey


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "address",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("kept_at", storage_types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "ref", name=op.f("pk_address")),
    )
    op.create_table(
        "pairing",
        sa.Column("asker_id", KEY, nullable=False),
        sa.Column("asked_id", KEY, nullable=False),
        sa.Column("asked_at", storage_types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asked_id"], ["member.id"], name=op.f("fk_pairing_asked_id")),
        sa.ForeignKeyConstraint(["asker_id"], ["member.id"], name=op.f("fk_pairing_asker_id")),
        sa.PrimaryKeyConstraint("asker_id", "asked_id", name=op.f("pk_pairing")),
    )
    op.add_column("member", sa.Column("same_as_id", KEY, nullable=True))
    op.create_index("ix_member_same_as_id", "member", ["same_as_id"])


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_member_same_as_id", "member")
    op.drop_column("member", "same_as_id")
    op.drop_table("pairing")
    op.drop_table("address")
