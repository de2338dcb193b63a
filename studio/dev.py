"""`loom dev`: serve an app and the studio on it, follow its files."""

import asyncio
import os
import secrets
import signal
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvicorn

from loom.core.target import Target, TargetNotFound, find_target
from studio.archive.archive import Archive
from studio.archive.collector import Collector
from studio.pages import PAGES
from studio.processes.ports import listen, port_of
from studio.processes.spawn import FreshInterpreter
from studio.processes.supervisor import Supervisor
from studio.processes.terminal import Terminal
from studio.processes.watcher import watch_code
from studio.store import Store
from studio.trace import SOCKET
from studio.web.app import StudioApp, create_studio

LOOPBACK = "127.0.0.1"
_PRODUCTION = frozenset({"production", "prod", "staging"})


def dev(
    path: Annotated[str, typer.Argument(help="directory, python file or module:attribute of the app")] = ".",
    port: Annotated[int, typer.Option(help="port of the app; busy: the next free one")] = 8000,
    studio_port: Annotated[int, typer.Option(help="port of the studio; busy: the next free one")] = 8700,
    host: Annotated[str, typer.Option(help="address of the app; the studio stays on this machine")] = LOOPBACK,
    no_open: Annotated[bool, typer.Option("--no-open", help="do not open a browser")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON object per line")] = False,
    import_timeout: Annotated[float, typer.Option(help="seconds the app may take to start")] = 15.0,
) -> None:
    """Serve the app, follow its files, and open the studio on it."""
    if os.environ.get("LOOM_ENV", "").lower() in _PRODUCTION:
        typer.echo("loom dev is for development and LOOM_ENV says otherwise.", err=True)
        raise typer.Exit(1)
    try:
        target = find_target(path)
        app_socket, studio_socket = listen(host, port), listen(LOOPBACK, studio_port)
    except (TargetNotFound, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    notes = [
        f"port {asked} is busy, using {port_of(sock)}"
        for asked, sock in ((port, app_socket), (studio_port, studio_socket))
        if port_of(sock) != asked
    ]
    terminal = Terminal(json_lines=json)
    asyncio.run(_run(target, app_socket, studio_socket, terminal, notes, import_timeout, open_browser=not no_open))


async def _run(
    target: Target,
    app_socket: socket.socket,
    studio_socket: socket.socket,
    terminal: Terminal,
    notes: list[str],
    import_timeout_s: float,
    *,
    open_browser: bool,
) -> None:
    token = secrets.token_urlsafe(32)
    app_url = f"http://{app_socket.getsockname()[0]}:{port_of(app_socket)}/"
    hosts = frozenset(f"{name}:{port_of(studio_socket)}" for name in (LOOPBACK, "localhost"))
    studio_url = f"http://{LOOPBACK}:{port_of(studio_socket)}/"
    archive = Archive(_own_folder(target.root) / "traces.db")
    store = Store(traces=archive)
    collector = Collector(archive, lambda newest: store.announce("trace", n=str(newest)))
    await collector.start()
    os.environ[SOCKET] = collector.path  # children inherit it
    store.set_status(store.status.state, url=app_url)
    supervisor = Supervisor(
        target, store, FreshInterpreter(), app_socket, on_build=terminal.build, import_timeout_s=import_timeout_s
    )
    studio = create_studio(store=store, controls=supervisor, token=token, hosts=hosts, pages=PAGES)
    run_file = _write_run_file(target.root, studio_url, token)
    terminal.banner(app_url, f"{studio_url}#k={token}", notes)
    supervisor.request(("start",))
    if open_browser:
        asyncio.get_running_loop().run_in_executor(None, webbrowser.open, f"{studio_url}#k={token}")
    try:
        await _until_stopped(studio, studio_socket, supervisor, target.root)
    finally:
        run_file.unlink(missing_ok=True)
        await collector.stop()
        archive.close()


async def _until_stopped(studio: StudioApp, sock: socket.socket, supervisor: Supervisor, root: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = uvicorn.Config(
        studio, http="h11", log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve([sock]))
    following = asyncio.create_task(_follow(root, supervisor))
    await stop.wait()
    following.cancel()
    studio.close()
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await following
    await supervisor.stop()
    await serving


async def _follow(root: Path, supervisor: Supervisor) -> None:
    async for names in watch_code(root):
        supervisor.request(names)


class _Quiet(uvicorn.Server):
    """Leaves signals to the supervisor."""

    def install_signal_handlers(self) -> None:
        """Do nothing."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve without capturing signals."""
        await self._serve(sockets)


def _own_folder(root: Path) -> Path:
    """Return the project's `.loom`, which keeps itself out of version control."""
    folder = root / ".loom"
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    return folder


def _write_run_file(root: Path, url: str, token: str) -> Path:
    """Leave address and key where only this user's own tools can read them."""
    file = _own_folder(root) / "studio.json"
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode({"url": url, "token": token, "pid": os.getpid()}))
    return file
