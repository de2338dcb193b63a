"""`loom migrate`: Alembic's commands for the tables of an application.

The migrations of an application live in `migrations/` beside it, or where its alembic.ini says. Alembic is imported by the
command that needs it, so that the others do without.
"""

import io
import shutil
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from loom.core.errors import LoomError
from loom.core.target import Target, find_target
from loom.loading import load_application

if TYPE_CHECKING:
    from alembic.config import Config

migrate = typer.Typer(no_args_is_help=True, help="Create and change the tables of an app (extra `migrate`: Alembic).")

_TEMPLATE = Path(__file__).parent / "template"
_RELATIVE = {"ignore_unknown_options": True}  # `-1` is a revision, not an option

AppPath = Annotated[str, typer.Option("--app", "-a", help="directory, python file or module:attribute of the app")]


@migrate.command()
def init(directory: str = "migrations", app: AppPath = ".") -> None:
    """Write alembic.ini and an empty DIRECTORY of migrations beside the app."""
    with _explained():
        root = find_target(app).root
        made = [(root / "alembic.ini", "alembic.ini.template"), (root / directory / "env.py", "env.py.template")]
        taken = [str(path) for path, _ in made if path.exists()]
        if taken:
            raise LoomError(f"{' and '.join(taken)} exists already", code="migrations_exist")
        (root / directory / "versions").mkdir(parents=True)
        shutil.copy(_TEMPLATE / "script.py.mako", root / directory)
        for path, template in made:
            path.write_text((_TEMPLATE / template).read_text().replace("{directory}", directory))
        typer.echo(f"migrations go to {root / directory}; next: loom migrate revision -m 'first tables'")


@migrate.command()
def revision(
    message: Annotated[str, typer.Option("--message", "-m", help="what the revision does, in a few words")],
    autogenerate: Annotated[bool, typer.Option("--autogenerate/--empty", help="compare models and database")] = True,
    app: AppPath = ".",
) -> None:
    """Write a revision with what the models have and the database has not; nothing where nothing differs."""
    with _explained():
        config = _config(app)
        from alembic import command

        command.revision(config, message, autogenerate=autogenerate, process_revision_directives=_only_changes)


@migrate.command(context_settings=_RELATIVE)
def upgrade(revision: str = typer.Argument("head"), app: AppPath = ".") -> None:
    """Apply revisions up to REVISION."""
    with _explained():
        config = _config(app)
        config.attributes["refuse_untracked"] = True
        from alembic import command

        command.upgrade(config, revision)


@migrate.command(context_settings=_RELATIVE)
def downgrade(revision: str = typer.Argument("-1"), app: AppPath = ".") -> None:
    """Take revisions back down to REVISION: `-1` is one step, `base` is all of them."""
    with _explained():
        config = _config(app)
        from alembic import command

        command.downgrade(config, revision)


@migrate.command()
def stamp(revision: str = typer.Argument("head"), app: AppPath = ".") -> None:
    """Record REVISION as applied and change nothing: for a database whose tables are there already."""
    with _explained():
        config = _config(app)
        from alembic import command

        command.stamp(config, revision)


@migrate.command()
def check(app: AppPath = ".") -> None:
    """Compare models and database; exit code 1 where they differ or revisions wait to be applied."""
    with _explained():
        config = _config(app)
        from alembic import command

        command.check(config)
        typer.echo("ok: the database has what the models have")


def _config(app: str) -> "Config":
    if find_spec("alembic") is None:
        raise LoomError("`loom migrate` needs Alembic: pip install 'loom-studio[migrate]'", code="missing_extra")
    from alembic.config import Config

    target = find_target(app)
    ini = target.root / "alembic.ini"
    config = Config(str(ini) if ini.is_file() else None, stdout=io.StringIO(), cmd_opts=Namespace(quiet=True))
    if config.get_main_option("script_location") is None:
        config.set_main_option("script_location", str(target.root / "migrations"))
        config.set_main_option("path_separator", "os")
    location = Path(str(config.get_main_option("script_location")))
    if not (location / "env.py").is_file():
        raise LoomError(f"no migrations in {location}; make them with: loom migrate init", code="no_migrations")
    config.attributes.update(application=_application(target), say=typer.echo)
    return config


def _application(target: Target) -> Any:
    application = load_application(target)
    if not application.tables.metadata.tables:
        raise LoomError(f"{target} has no tables", code="no_tables")
    return application


def _only_changes(_: Any, __: Any, directives: list[Any]) -> None:
    """Drop a revision that would do nothing; say what is written."""
    script = directives[0]
    if getattr(script, "upgrade_ops", None) is not None and script.upgrade_ops.is_empty():
        directives.clear()
        typer.echo("nothing to do: the database has what the models have")
    else:
        typer.echo(f"new  {script.rev_id} {script.message}")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what is expected to go wrong into one line and exit code 1."""
    try:
        yield
    except LoomError as error:
        _fail(str(error))
    except (SQLAlchemyError, OSError) as error:
        _fail(f"the database refused: {getattr(error, 'orig', None) or error}")
    except Exception as error:
        if not type(error).__module__.startswith("alembic."):
            raise
        _fail(str(error))


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)
