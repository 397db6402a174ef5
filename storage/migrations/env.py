"""Alembic's entrance: runs the migrations on the connection that it is given."""

from alembic import context

from storage.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="storage_types.",
)
with context.begin_transaction():
    context.run_migrations()
