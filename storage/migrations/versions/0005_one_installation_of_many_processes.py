"""one installation of many processes"""

import sqlalchemy as sa
from alembic import op

from storage import types as storage_types

revision = "0005"
down_revision = "0004"

_IS_NAMED = "is_named IS TRUE AND left_at IS NULL AND erased_at IS NULL AND name <> ''"
_MISPLACED = f"counted_crew_id <> coalesce(crew_id, 0) OR is_counted_named <> ({_IS_NAMED})"
_COUNTED = "UPDATE member SET counted_crew_id = coalesce(crew_id, 0), is_counted_named = (" + _IS_NAMED + ")"  # noqa: S608
_TIMES = ("opened_at", "said_at", "confirmed_at", "evidenced_at")
_CREW_TOTALS = """
INSERT INTO crew_total (period, starts_on, crew_id, is_named, members, points, shares, visits)
SELECT total.period, total.starts_on, member.counted_crew_id, member.is_counted_named,
       sum(CASE WHEN total.points > 0 THEN 1 ELSE 0 END), sum(CASE WHEN total.points > 0 THEN total.points ELSE 0 END),
       sum(total.shares), sum(total.visits)
FROM total JOIN member ON member.id = total.member_id WHERE total.period <> 'day' GROUP BY 1, 2, 3, 4
"""
_POINTS_COUNTS = """
INSERT INTO points_count (period, starts_on, points, members)
SELECT period, starts_on, points, count(*) FROM total WHERE period <> 'day' AND points > 0 GROUP BY 1, 2, 3
"""
_POST_DAYS = """
INSERT INTO post_day (post_id, on_day, visitors)
SELECT share.post_id, followed.on_day, sum(followed.visitors)
FROM (SELECT link_id, on_day, count(DISTINCT visitor) AS visitors FROM visit
      WHERE kind = 'human' AND (credited_at IS NOT NULL OR kind <> 'human') GROUP BY link_id, on_day) AS followed
JOIN link ON link.id = followed.link_id JOIN share ON share.id = link.share_id GROUP BY 1, 2
"""


def upgrade() -> None:
    """Bring the schema forward."""
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reads_from", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("held_at", storage_types.Instant(timezone=True), nullable=True),
        sa.Column("secret_check", sa.LargeBinary(length=16), nullable=True),
        sa.Column("sealed_probe", sa.LargeBinary(), nullable=True),
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
    op.add_column("job", sa.Column("held_since", storage_types.Instant(timezone=True), nullable=True))
    op.create_index(
        "ix_job_queue",
        "job",
        ["pool", "priority", "run_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(op.f("ix_lane_next_at"), "lane", ["next_at"], unique=False)
    _add_sums()
    _add_times()
    op.execute(_CREW_TOTALS)
    op.execute(_POINTS_COUNTS)
    op.execute(_POST_DAYS)


def _add_sums() -> None:
    """Add what boards read instead of everybody's sums and every visit."""
    op.create_table(
        "crew_total",
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("crew_id", storage_types.BigKey, autoincrement=False, nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("shares", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "starts_on", "crew_id", "is_named", name=op.f("pk_crew_total")),
    )
    op.create_table(
        "points_count",
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("points", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("period", "starts_on", "points", name=op.f("pk_points_count")),
    )
    op.create_table(
        "post_day",
        sa.Column("post_id", storage_types.BigKey, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_post_day_post_id")),
        sa.PrimaryKeyConstraint("post_id", "on_day", name=op.f("pk_post_day")),
    )
    op.add_column(
        "member", sa.Column("counted_crew_id", storage_types.BigKey, server_default=sa.text("0"), nullable=False)
    )
    op.add_column("member", sa.Column("is_counted_named", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(_COUNTED)


def _add_times() -> None:
    """Add the indexes by which boards find what happened in a week, and whoever is counted in another place."""
    for name, condition in (("misplaced", _MISPLACED), ("named", "is_counted_named")):
        where = sa.text(condition)
        op.create_index(f"ix_member_{name}", "member", ["id"], unique=False, sqlite_where=where, postgresql_where=where)
    for name in _TIMES:
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_share_{name}", "share", [name], unique=False, sqlite_where=where, postgresql_where=where)
    op.drop_index("ix_total_period", table_name="total")
    op.create_index("ix_total_standing", "total", ["period", "starts_on", "points", "member_id"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_total_standing", table_name="total")
    op.create_index("ix_total_period", "total", ["period", "starts_on", "points"], unique=False)
    for name in _TIMES:
        op.drop_index(f"ix_share_{name}", table_name="share")
    for name in ("misplaced", "named"):
        op.drop_index(f"ix_member_{name}", table_name="member")
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_column("is_counted_named")
        batch_op.drop_column("counted_crew_id")
    for name in ("post_day", "points_count", "crew_total"):
        op.drop_table(name)
    op.drop_index(op.f("ix_lane_next_at"), table_name="lane")
    op.drop_index("ix_job_queue", table_name="job")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_column("held_since")
    op.drop_table("leader")
    op.drop_table("installation")
