"""connected accounts, and what networks count"""

import sqlalchemy as sa
from alembic import op

from storage import types as storage_types

revision = "0004"
down_revision = "0003"

KEY = storage_types.BigKey
UNDER_WAY = sa.text("state IN ('queued', 'sending')")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "instance_app",
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("sealed_client_secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", storage_types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("network", "server", "redirect_uri", name=op.f("pk_instance_app")),
    )
    op.create_table(
        "spend",
        sa.Column("id", KEY, nullable=False),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("share_id", KEY, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", storage_types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend")),
    )
    op.create_index("ix_spend_at", "spend", ["at"])

    op.create_table(
        "account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("member_id", KEY, nullable=False),
        sa.Column("identity_id", KEY, nullable=False),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("remote_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed_remote_id", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_access", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_refresh", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("fault", sa.String(length=16), nullable=False),
        sa.Column("expires_at", storage_types.Instant(timezone=True), nullable=True),
        sa.Column("ends_at", storage_types.Instant(timezone=True), nullable=True),
        sa.Column("refreshing_until", storage_types.Instant(timezone=True), nullable=True),
        sa.Column("reminded_at", storage_types.Instant(timezone=True), nullable=True),
        sa.Column("connected_at", storage_types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["member.id"], name=op.f("fk_account_identity_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_account_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("member_id", "network", name=op.f("uq_account_member_id_network")),
        sa.UniqueConstraint("network", "remote_hash", name=op.f("uq_account_network_remote_hash")),
    )
    op.create_index("ix_account_ends_at", "account", ["ends_at"])

    op.create_table(
        "connecting",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("browser_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("sealed_verifier", sa.LargeBinary(), nullable=True),
        sa.Column("member_id", KEY, nullable=False),
        sa.Column("identity_id", KEY, nullable=False),
        sa.Column("share_id", KEY, nullable=True),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("expires_at", storage_types.Instant(timezone=True), nullable=False),
        sa.Column("used_at", storage_types.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["member.id"], name=op.f("fk_connecting_identity_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_connecting_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connecting")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_connecting_state_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_connecting_token_hash")),
    )
    op.create_index(op.f("ix_connecting_expires_at"), "connecting", ["expires_at"])

    op.create_table(
        "figure",
        sa.Column("share_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("at", storage_types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], name=op.f("fk_figure_share_id")),
        sa.PrimaryKeyConstraint("share_id", "name", name=op.f("pk_figure")),
    )
    op.add_column("member", sa.Column("disclosure", sa.String(length=200), nullable=True))

    op.add_column("share", sa.Column("sent_text", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("share", sa.Column("sent_at", storage_types.Instant(timezone=True), nullable=True))
    op.add_column("share", sa.Column("account_id", KEY, nullable=True))
    op.add_column("share", sa.Column("remote_id", sa.String(length=200), nullable=True))
    op.add_column("share", sa.Column("fault", sa.String(length=16), server_default=sa.text("''"), nullable=False))
    op.add_column("share", sa.Column("later_at", storage_types.Instant(timezone=True), nullable=True))
    op.add_column("share", sa.Column("measure_at", storage_types.Instant(timezone=True), nullable=True))
    op.create_index("ix_share_measure_at", "share", ["measure_at"])
    op.create_index("ix_share_under_way", "share", ["id"], sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_share_under_way", "share", sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY)
    op.drop_index("ix_share_measure_at", "share")
    op.drop_column("share", "measure_at")
    op.drop_column("share", "later_at")
    op.drop_column("share", "fault")
    op.drop_column("share", "remote_id")
    op.drop_column("share", "account_id")
    op.drop_column("share", "sent_at")
    op.drop_column("share", "sent_text")

    op.drop_column("member", "disclosure")

    op.drop_table("figure")
    op.drop_index(op.f("ix_connecting_expires_at"), "connecting")

    op.drop_table("connecting")
    op.drop_index("ix_account_ends_at", "account")

    op.drop_table("account")
    op.drop_index("ix_spend_at", "spend")

    op.drop_table("spend")
    op.drop_table("instance_app")
