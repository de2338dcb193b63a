"""Who may speak to the studio: the outermost gate, allow-lists only, every scope type, before anything is routed.

Rules for the next editor
    Every check lets through a closed list and refuses the rest. Order matters: cheap and silent first, the token last.
    A handler is reached only by a request that passed all of them, so a route cannot be added unguarded.

Why these
    A page on a rebound name (evil.test -> 127.0.0.1) is same-origin with us as far as the browser is concerned:
    `Origin` equals `Host` and `Sec-Fetch-*` is absent over plain http. Only the exact `Host` list stops it. A page on
    another port of localhost is same-site: cookies of any kind would travel with its requests, so there are none. The
    token is read from one header, which no form, image, script tag or EventSource can set. Sec-Fetch is a bonus and
    never consent. Anything displayed may be hostile text, hence the content policy on every answer.

Still ugly
    Some HTTP parsers reduce an absolute-form target to its path before we see it. `Host` is checked all the same.
"""

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.web.assets import Asset, serve_asset

MAX_BODY_BYTES = 1024 * 1024
MAX_BODY_S = 5.0
FAILURES_BEFORE_DELAY = 10
FAILURE_DELAY_S = 1.0

METHODS = frozenset({"GET", "HEAD", "POST"})

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default"
)

HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""On every answer, beside `cache-control`: `no-store`, and `no-cache` with a validator for static files."""

Headers = Mapping[bytes, tuple[bytes, ...]]
"""Request headers by lower-case name, with every value that was sent."""


class Gate:
    """The ASGI application around the studio; only what passes every check reaches `app`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        hosts: Collection[str],
        assets: Mapping[str, Asset],
        shell: bytes,
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset(host.encode() for host in hosts)
        self._assets = assets
        self._shell = shell
        self._failures = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse or pass on."""
        by_type = {"http": self._http, "websocket": _close_websocket, "lifespan": self._app}
        handler = by_type.get(scope["type"])
        if handler is not None:
            await handler(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain, send = send, _with_headers(send, cache="no-store")
        headers = _by_name(scope)
        if not _origin_is_ours(scope, headers, self._hosts):
            await Response(status_code=403)(scope, receive, send)
        elif (status := _content_status(scope, headers)) != 200:
            await Response(status_code=status)(scope, receive, send)
        elif (asset := self._asset(scope)) is not None:
            await serve_asset(asset, scope, receive, _with_headers(plain, cache="no-cache"))
        elif _is_bare_root(scope, headers):
            await self._show_shell(200)(scope, receive, send)
        elif not self._has_token(headers):
            await self._refuse(scope, headers, receive, send)
        else:
            await self._pass(scope, receive, send)

    def _asset(self, scope: Scope) -> Asset | None:
        return self._assets.get(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None

    def _has_token(self, headers: Headers) -> bool:
        sent = headers.get(b"authorization", ())
        return len(sent) == 1 and hmac.compare_digest(sent[0], b"Bearer " + self._token)

    async def _refuse(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        if headers.get(b"authorization"):
            self._failures += 1
            if self._failures > FAILURES_BEFORE_DELAY:
                await asyncio.sleep(FAILURE_DELAY_S)
        wants_page = scope["method"] != "POST" and any(b"text/html" in value for value in headers.get(b"accept", ()))
        answer = self._show_shell(401) if wants_page else Response(status_code=401)
        answer.headers["www-authenticate"] = "Bearer"
        await answer(scope, receive, send)

    def _show_shell(self, status: int) -> Response:
        return Response(self._shell, status_code=status, media_type="text/html; charset=utf-8")

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(MAX_BODY_S):
                body = await _read_body(receive)
        except TimeoutError:
            await Response(status_code=408)(scope, receive, send)
        except _TooLargeError:
            await Response(status_code=413)(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)


class _TooLargeError(Exception):
    """The body is over `MAX_BODY_BYTES`."""


def _origin_is_ours(scope: Scope, headers: Headers, hosts: frozenset[bytes]) -> bool:
    return (
        _peer_is_loopback(scope)
        and _host_is_listed(scope, headers, hosts)
        and scope["method"] in METHODS
        and _origin_matches(headers)
        and _fetch_site_is_ours(scope, headers)
    )


def _peer_is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0]) if client else None
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def _host_is_listed(scope: Scope, headers: Headers, hosts: frozenset[bytes]) -> bool:
    sent = headers.get(b"host", ())
    return len(sent) == 1 and sent[0] in hosts and scope["path"].startswith("/")


def _origin_matches(headers: Headers) -> bool:
    """True where no `Origin` was sent or it is ours; the caller has checked that `Host` is."""
    sent = headers.get(b"origin", ())
    return not sent or sent == (b"http://" + headers[b"host"][0],)


def _fetch_site_is_ours(scope: Scope, headers: Headers) -> bool:
    """True where `Sec-Fetch-Site` is absent, same-origin, or `none` on a navigation the user began."""
    sent = headers.get(b"sec-fetch-site", ())
    if sent == (b"none",):
        navigates = headers.get(b"sec-fetch-mode") == (b"navigate",)
        return (
            navigates and scope["method"] == "GET" and headers.get(b"sec-fetch-dest", (b"document",)) == (b"document",)
        )
    return not sent or sent == (b"same-origin",)


def _content_status(scope: Scope, headers: Headers) -> int:
    """Return 200 where a POST may be read, else the status that refuses it."""
    if scope["method"] != "POST":
        return 200
    sent = headers.get(b"content-type", ())
    if len(sent) != 1 or sent[0].split(b";")[0].strip().lower() != b"application/json":
        return 415
    length = headers.get(b"content-length", (b"0",))[0]
    return 200 if length.isdigit() and int(length) <= MAX_BODY_BYTES else 413


def _is_bare_root(scope: Scope, headers: Headers) -> bool:
    return scope["path"] == "/" and scope["method"] in {"GET", "HEAD"} and b"authorization" not in headers


def _by_name(scope: Scope) -> Headers:
    found: dict[bytes, tuple[bytes, ...]] = {}
    for name, value in scope["headers"]:
        found[name.lower()] = (*found.get(name.lower(), ()), value)
    return found


def _with_headers(send: Send, *, cache: str) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            _set_headers(MutableHeaders(scope=message), cache)
        await send(message)

    return guarded


def _set_headers(headers: MutableHeaders, cache: str) -> None:
    for name in {name for name in headers if name.startswith("access-control-")}:
        del headers[name]
    for name, value in HEADERS.items():
        headers[name] = value
    headers["cache-control"] = cache


async def _read_body(receive: Receive) -> bytes:
    parts = bytearray()
    while (message := await receive())["type"] == "http.request":
        parts += message.get("body", b"")
        if len(parts) > MAX_BODY_BYTES:
            raise _TooLargeError
        if not message.get("more_body", False):
            break
    return bytes(parts)


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that hands out `body` once and then listens for the disconnect."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return pending.pop() if pending else await receive()

    return next_message


async def _close_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})
