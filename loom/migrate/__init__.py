"""Schema migrations of an application, on Alembic (extra `migrate`)."""
