"""Alembic runs this file: it passes on the connection, whose transaction the caller began and commits."""

from alembic import context

from store.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
