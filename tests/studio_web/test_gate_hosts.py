"""Which names the studio answers to: the exact ones, whatever else a request may carry."""

import asyncio
from collections.abc import MutableMapping
from urllib.parse import urlsplit

import httpx
import pytest

from studio.store import Store
from studio.web.app import StudioApp
from tests.studio_web.conftest import AUTHORISED, HOST, JSON, Controls, Serve, StudioFactory, Visits

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FOO")

FOREIGN = (
    "evil.test",
    "evil.test:8700",
    "localhost.evil.test:8700",
    "127.0.0.1.evil.test:8700",
    "127.0.0.1.nip.io:8700",
    "evil.test@127.0.0.1:8700",
    "user:word@127.0.0.1:8700",
    "127.0.0.1:8700@evil.test",
    "127.0.0.1:8700.",
    "127.0.0.1.:8700",
    "localhost.:8700",
    "localhost:8700",
    "LOCALHOST:8700",
    "0.0.0.0:8700",
    "0:8700",
    "127.1:8700",
    "127.0.0.2:8700",
    "127.0.0.01:8700",
    "2130706433:8700",
    "0177.0.0.1:8700",
    "0x7f.0.0.1:8700",
    "0x7f000001:8700",
    "[::]:8700",
    "[::1]:8700",
    "[::ffff:127.0.0.1]:8700",
    "::1:8700",
    "192.168.1.10:8700",
    "10.0.0.1:8700",
    "169.254.169.254:8700",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:80",
    "127.0.0.1:8701",
    "127.0.0.1:08700",
    "127.0.0.1:8700:8700",
    "127.0.0.1:8700,evil.test",
    "127.0.0.1:8700, 127.0.0.1:8700",
    "127.0.0.1:8700/",
    "127.0.0.1:8700#",
    "http://127.0.0.1:8700",
    " ",
    "",
    "*",
    "null",
    "xn--lcalhost-1qh:8700",
    "\u0661\u0662\u0667.0.0.1:8700",
)


def _paths(studio: StudioApp) -> list[str]:
    return [*sorted({route.path for route in studio.routes}), "/static/js/boot.js", "/nowhere"]


async def test_a_foreign_host_reaches_no_handler(
    studio: StudioApp, client: httpx.AsyncClient, visits: Visits, controls: Controls
) -> None:
    """Every foreign Host is refused on every route and by every method, even with the key, and is told nothing."""
    wrong = []
    for host in FOREIGN:
        headers = [(k.encode(), v.encode()) for k, v in {"host": host, **AUTHORISED, **JSON}.items()]
        for path in _paths(studio):
            for method in METHODS:
                answer = await client.request(method, path, headers=headers, content=b"{}")
                if (answer.status_code, answer.content) != (403, b""):
                    wrong.append((host, method, path, answer.status_code))

    assert [] == wrong
    assert ([], []) == (visits, controls.asked)


async def test_a_listed_host_reaches_every_handler(
    make_studio: StudioFactory, visits: Visits, controls: Controls
) -> None:
    """The same requests reach their handlers once the foreign name is on the list: it was the name that was refused."""
    transport = httpx.ASGITransport(make_studio(hosts=frozenset({"evil.test:8700"})), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.test:8700", headers=AUTHORISED) as client:
        for path in ("/", "/routes", "/boom"):
            await client.get(path)
        for path in ("/act", "/_reload"):
            await client.post(path, json={})

    assert ["now", "routes", "boom", "act"] == visits
    assert [("reload",)] == controls.asked


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"GET", "HEAD", "POST"}))
async def test_other_methods_are_refused(
    studio: StudioApp, client: httpx.AsyncClient, visits: Visits, method: str
) -> None:
    """A method that is not GET, HEAD or POST gets 403 on every path, key or not."""
    answers = {(await client.request(method, path, headers=AUTHORISED)).status_code for path in _paths(studio)}

    assert {403} == answers
    assert [] == visits


@pytest.mark.parametrize("peer", [("10.0.0.9", 4000), ("::ffff:10.0.0.9", 4000), ("not an address", 1), ("", 0)])
async def test_a_peer_beyond_loopback_is_refused(studio: StudioApp, visits: Visits, peer: tuple[str, int]) -> None:
    """A connection from another machine is refused, whatever its headers say."""
    transport = httpx.ASGITransport(studio, client=peer)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=AUTHORISED) as client:
        answer = await client.get("/", headers={"x-forwarded-for": "127.0.0.1", "forwarded": "for=127.0.0.1"})

    assert 403 == answer.status_code
    assert [] == visits


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_a_peer_on_loopback_is_served(studio: StudioApp, peer: str) -> None:
    """Every spelling of this machine's loopback may speak."""
    transport = httpx.ASGITransport(studio, client=(peer, 4000))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=AUTHORISED) as client:
        answer = await client.get("/routes")

    assert 200 == answer.status_code


async def _exchange(url: str, request: bytes) -> bytes:
    """Send bytes as they are; return the status line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    writer.write(request)
    line = await reader.readline()
    writer.close()
    return line.strip()


WIRE = (
    b"GET / HTTP/1.1\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.0\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: %(ours)s\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: %(ours)s\r\nHost: evil.test\r\n%(key)s\r\n\r\n",
    b"GET http://evil.test/ HTTP/1.1\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n",
    b"GET http://%(ours)s/ HTTP/1.1\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n",
    b"GET http://%(ours)s/ HTTP/1.1\r\nHost: evil.test\r\n%(key)s\r\n\r\n",
    b"GET evil.test/ HTTP/1.1\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: %(ours)s\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.test\r\nForwarded: host=%(ours)s\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost:\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: %(ours)s\r\n folded\r\n%(key)s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : %(ours)s\r\n%(key)s\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n",
    b"CONNECT %(ours)s HTTP/1.1\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n",
)


@pytest.mark.slow
async def test_raw_requests_with_a_wrong_target_or_host_reach_nothing(serve: Serve, visits: Visits) -> None:
    """On a real socket, no Host, two of them, an absolute target and forwarded headers end in 400 or 403."""
    async with serve() as url:
        values = {b"ours": url.removeprefix("http://").encode(), b"key": b"Authorization: %b" % _key()}
        lines = {template: await _exchange(url, template % values) for template in WIRE}
        foreign = [
            await _exchange(url, b"GET / HTTP/1.1\r\nHost: %b\r\n%b\r\n\r\n" % (host.encode(), values[b"key"]))
            for host in FOREIGN
        ]
        control = await _exchange(url, b"GET / HTTP/1.1\r\nHost: %(ours)s\r\n%(key)s\r\n\r\n" % values)

    refused = {b"403", b"400"}
    assert {} == {sent: line for sent, line in lines.items() if line.split()[1] not in refused}
    assert set() == {line.split()[1] for line in foreign} - refused
    assert b"HTTP/1.1 200 OK" == control
    assert ["now"] == visits


def _key() -> bytes:
    return AUTHORISED["authorization"].encode()


async def test_a_websocket_is_closed(studio: StudioApp, store: Store) -> None:
    """No websocket is ever accepted: the handshake ends at the gate."""
    sent = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message["type"])

    headers = [(b"host", HOST.encode()), (b"authorization", _key())]
    await studio({"type": "websocket", "path": "/_events", "headers": headers}, receive, send)

    assert ["websocket.close"] == sent
