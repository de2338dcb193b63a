"""`loom dev`: serve an app and the studio on it, follow its files."""

import asyncio
import os
import secrets
import signal
import socket
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvicorn

from loom.core.target import Target, TargetNotFound, find_target
from studio.archive.archive import Archive
from studio.archive.collector import Collector
from studio.pages import PAGES
from studio.processes.connections import Lobby
from studio.processes.keys import Key, single_keys
from studio.processes.ports import LOOPBACK, LOOPBACK6, listen, listen_on_loopback, port_of
from studio.processes.supervisor import Supervisor
from studio.processes.terminal import Terminal
from studio.processes.warm import spawner_for
from studio.processes.watcher import watch_project
from studio.store import Store
from studio.trace import SOCKET
from studio.web.app import StudioApp, create_studio

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
        app_socket, studio_sockets = listen(host, port), listen_on_loopback(studio_port)
    except (TargetNotFound, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    taken = ((port, port_of(app_socket)), (studio_port, port_of(studio_sockets[0])))
    notes = [f"port {asked} is busy, using {got}" for asked, got in taken if asked not in (0, got)]
    session = Session(target, app_socket, studio_sockets, Terminal(json_lines=json), import_timeout)
    asyncio.run(session.run(notes, open_browser=not no_open))


class Session:
    """One run of `loom dev`: the app's socket, its processes, the studio, until somebody stops it."""

    def __init__(
        self,
        target: Target,
        app_socket: socket.socket,
        studio_sockets: list[socket.socket],
        terminal: Terminal,
        import_timeout_s: float,
    ) -> None:
        self._target = target
        self._terminal = terminal
        self._studio_sockets = studio_sockets
        self._token = secrets.token_urlsafe(32)
        self._port = port_of(studio_sockets[0])
        self._studio_url = f"http://{LOOPBACK}:{self._port}/"
        self._app_url = f"http://{_in_url(app_socket.getsockname()[0])}:{port_of(app_socket)}/"
        self._archive = Archive(_own_folder(target.root) / "traces.db")
        self._store = Store(traces=self._archive)
        self._collector = Collector(self._archive, lambda newest: self._store.announce("trace", n=str(newest)))
        self._store.set_status(self._store.status.state, url=self._app_url)
        spawner = spawner_for(target, app_socket, Lobby.open(), terminal.note)
        self._supervisor = Supervisor(
            target, self._store, spawner, on_build=terminal.build, import_timeout_s=import_timeout_s
        )
        self._stop = asyncio.Event()
        self._left_behind = ExitStack()

    async def run(self, notes: list[str], *, open_browser: bool) -> None:
        """Serve until stopped: by Ctrl-C, a signal, or the terminal closing."""
        hosts = frozenset(f"{name}:{self._port}" for name in (LOOPBACK, "localhost", f"[{LOOPBACK6}]"))
        studio = create_studio(
            store=self._store, controls=self._supervisor, token=self._token, hosts=hosts, pages=PAGES
        )
        secret_url = f"{self._studio_url}#k={self._token}"
        self._stop_on_signals()
        await self._collector.start()
        os.environ[SOCKET] = self._collector.path  # children inherit it
        with self._left_behind as left_behind:
            left_behind.enter_context(_run_file(self._target.root, self._studio_url, self._token))
            self._terminal.banner(self._app_url, secret_url, notes)
            self._supervisor.request(("start",))
            keys = self._keys(secret_url)
            if left_behind.enter_context(single_keys(keys)):
                self._terminal.note("press ? for the keys")
            if open_browser:
                keys["o"].press()
            await self._serve(studio)
        await self._collector.stop()
        self._archive.close()

    async def _serve(self, studio: StudioApp) -> None:
        config = uvicorn.Config(
            studio, http="h11", log_level="warning", access_log=False, server_header=False, lifespan="off"
        )
        server = _Quiet(config)
        serving = asyncio.create_task(server.serve(self._studio_sockets))
        following = asyncio.create_task(self._follow())
        await self._stop.wait()
        following.cancel()
        studio.close()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await following
        await self._supervisor.stop()
        await serving

    def _keys(self, secret_url: str) -> dict[str, Key]:
        """Return what each key does."""

        def browse() -> None:
            asyncio.get_running_loop().run_in_executor(None, webbrowser.open, secret_url)

        keys = {
            "r": Key("reload now", lambda: self._supervisor.request(("manual",))),
            "o": Key("open the studio", browse),
            "c": Key("clear the screen", self._terminal.clear),
            "e": Key("say the last error again", lambda: self._terminal.failure(self._store.status.failure)),
            "q": Key("quit", self._stop.set),
        }
        keys["?"] = Key("this help", lambda: self._terminal.help({key: words for key, (words, _) in keys.items()}))
        return keys

    async def _follow(self) -> None:
        async for changed in watch_project(self._target.root, self._terminal.note).changes():
            if changed.libraries:
                await self._supervisor.renew(changed.names)
            else:
                self._supervisor.request(changed.names)

    def _stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._stop_or_leave)

    def _stop_or_leave(self) -> None:
        """Stop; asked a second time, end everything at once."""
        if not self._stop.is_set():
            self._stop.set()
            return
        self._supervisor.kill_now()
        self._left_behind.close()
        os._exit(130)


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


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


@contextmanager
def _run_file(root: Path, url: str, token: str) -> Iterator[None]:
    """Leave address and key where only this user's own tools can read them, for as long as they are ours."""
    file = _own_folder(root) / "studio.json"
    content = msgspec.json.encode({"url": url, "token": token, "pid": os.getpid()})
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
    try:
        yield
    finally:
        with suppress(OSError):
            if file.read_bytes() == content:
                file.unlink()
