"""The `loom` command: what can be asked of an application from a terminal.

`routes`, `plan` and `check` load the application in this process and print what it compiled to. Commands of other
packages (`dev` of the studio) are found by the entry-point group `loom.commands`, so that loom never imports them.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Never

import msgspec
import typer

import loom
from loom.core.engine.draw import draw_plan, draw_routes
from loom.core.engine.plan import Plan
from loom.core.errors import Diagnostic, DiagnosticError, LoomError, did_you_mean
from loom.core.target import find_target
from loom.loading import load_application
from loom.migrate.commands import migrate

cli = typer.Typer(
    name="loom",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Declare, compile, look, run.",
)

cli.add_typer(migrate, name="migrate")

AppPath = Annotated[str, typer.Option("--app", "-a", help="directory, python file or module:attribute of the app")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document instead of text")]


@cli.command()
def routes(app: AppPath = ".", json: AsJson = False) -> None:
    """List every route with the use case behind it."""
    application = _application(app)
    rows = [_route_row(route) for route in application.routes]
    _say(msgspec.json.encode(rows).decode() if json else draw_routes(rows))


@cli.command()
def plan(name: str, app: AppPath = ".", json: AsJson = False) -> None:
    """Draw the compiled plan of the use case or job NAME; the beginning of a name will do where only one has it."""
    found = _plan_called(name, _application(app).plans)
    _say(msgspec.json.encode(found).decode() if json else draw_plan(found))


@cli.command()
def check(app: AppPath = ".", json: AsJson = False) -> None:
    """Compile the app and print every problem at once; exit code 1 where there is one. Warnings do not count."""
    try:
        application = load_application(find_target(app))
    except DiagnosticError as error:
        _report(error.diagnostics, json)
    except LoomError as error:
        _report((Diagnostic(code=error.code, message=str(error)),), json)
    except Exception as error:
        _report((import_problem(error, Path(app)),), json)
    else:
        _report_sound(application, json)


@cli.command()
def run(
    app: Annotated[str, typer.Argument(help="directory, python file or module:attribute of the app")] = ".",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 1,
    access_log: Annotated[bool, typer.Option("--access-log", help="one line per request")] = False,
) -> None:
    """Serve the app for production: uvicorn workers, no watcher, no studio."""
    from loom.serve import serve  # the other commands need no server

    try:
        target = find_target(app)
    except LoomError as error:
        _fail(str(error))
    serve(target, host=host, port=port, workers=workers, access_log=access_log)


@cli.command()
def version() -> None:
    """Print the version of loom."""
    _say(loom.__version__)


def import_problem(error: Exception, near: Path) -> Diagnostic:
    """Describe an exception of the user's module by its innermost frame below `near`."""
    root = str(near.resolve())
    file, line = "", 0
    traceback = error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if name.startswith(root):
            file, line = name, traceback.tb_lineno
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    return Diagnostic(code="import_failed", message=f"{type(error).__name__}: {error}", file=file, line=line)


def main() -> Any:
    """Entry point of the `loom` command."""
    if sys.argv[1:2] and sys.argv[1] in _own_commands():
        return cli()  # without looking at what other packages offer: production imports none of it
    for entry in entry_points(group="loom.commands"):
        try:
            cli.command(entry.name)(entry.load())
        except ImportError as error:
            cli.command(entry.name, help="Needs the studio extra.")(_unavailable(entry.name, error))
    return cli()


def _own_commands() -> set[str]:
    groups = {str(group.name) for group in cli.registered_groups}
    return groups | {str(each.name or getattr(each.callback, "__name__", "")) for each in cli.registered_commands}


def _unavailable(name: str, error: ImportError) -> Any:
    def explain(_: Annotated[list[str] | None, typer.Argument()] = None) -> None:
        _fail(f"`loom {name}` needs the studio: pip install 'loom-studio[studio]' ({error})")

    return explain


def _plan_called(name: str, plans: Sequence[Plan]) -> Plan:
    by_name = {plan.name: plan for plan in plans}
    begun = [plan for plan in plans if plan.name.lower().startswith(name.lower())]
    if name in by_name:
        return by_name[name]
    if len(begun) == 1:
        return begun[0]
    advice = f"it could be {', '.join(plan.name for plan in begun)}" if begun else did_you_mean(name, by_name)
    return _fail(f"no use case or job is called {name!r}; {advice or 'loom routes lists them'}")


def _application(app: str) -> Any:
    try:
        return load_application(find_target(app))
    except LoomError as error:
        _fail(str(error))


def _route_row(route: Any) -> dict[str, Any]:
    return {
        "method": route.route.method.upper(),
        "path": route.full_path,
        "use_case": route.route.use_case.__name__,
        "status": route.route.status_code,
        "tags": list(route.interface_tags),
    }


def _report_sound(application: Any, json: bool) -> None:
    warnings = application.settings.diagnostics
    if json:
        _say(msgspec.json.encode(warnings).decode())
        return
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    routes, plans, models = (len(part) for part in (application.routes, application.plans, application.models))
    _say(f"ok: {routes} routes, {plans} plans, {models} models")


def _report(diagnostics: tuple[Diagnostic, ...], json: bool) -> None:
    if json:
        _say(msgspec.json.encode(diagnostics).decode())
    else:
        for diagnostic in diagnostics:
            typer.echo(str(diagnostic), err=True)
        typer.echo(f"{len(diagnostics)} problem{'s' if len(diagnostics) != 1 else ''}", err=True)
    raise typer.Exit(1)


def _fail(message: str) -> Never:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _say(text: str) -> None:
    typer.echo(text)
