"""Alembic's way to the tables of this application.

`loom migrate` brings the application; plain `alembic` finds it by `loom_app` in alembic.ini.
"""

from loom.migrate.environment import run_migrations

run_migrations()
