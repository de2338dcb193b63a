"""What a request to the right host must carry: origin, fetch metadata, content type, size and the key."""

from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from studio.web.app import StudioApp
from studio.web.page import Page, PageRoute, Studio
from tests.studio_web.conftest import AUTHORISED, HOST, JSON, TOKEN, StudioFactory, Visits

OURS = f"http://{HOST}"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        (OURS, 200),
        ("null", 403),
        ("", 403),
        ("http://evil.test", 403),
        ("http://evil.test:8700", 403),
        ("https://127.0.0.1:8700", 403),
        ("http://127.0.0.1:3000", 403),
        ("http://127.0.0.1", 403),
        ("http://localhost:8700", 403),
        (f"{OURS}/", 403),
        (f"{OURS}.evil.test", 403),
        ("file://", 403),
        ("chrome-extension://abc", 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_origin_is_absent_or_exactly_ours(
    client: httpx.AsyncClient, method: str, origin: str | None, status: int
) -> None:
    """An Origin other than our own is refused, `null` and our neighbours on other ports included."""
    headers = {**AUTHORISED, **JSON} | ({} if origin is None else {"origin": origin})
    answer = await client.request(method, "/routes" if method == "GET" else "/act", headers=headers, content=b"{}")

    assert status == answer.status_code


@pytest.mark.parametrize(
    ("method", "site", "mode", "dest", "status"),
    [
        ("GET", None, None, None, 200),
        ("GET", "same-origin", "cors", "empty", 200),
        ("GET", "same-origin", "navigate", "document", 200),
        ("GET", "none", "navigate", "document", 200),
        ("GET", "none", "navigate", None, 200),
        ("GET", "none", "navigate", "iframe", 403),
        ("GET", "none", "cors", "empty", 403),
        ("GET", "none", None, None, 403),
        ("GET", "same-site", "navigate", "document", 403),
        ("GET", "same-site", "no-cors", "script", 403),
        ("GET", "cross-site", "navigate", "document", 403),
        ("GET", "cross-site", "no-cors", "image", 403),
        ("GET", "Same-Origin", "cors", "empty", 403),
        ("GET", "", "cors", "empty", 403),
        ("POST", "same-origin", "cors", "empty", 200),
        ("POST", "none", "navigate", "document", 403),
        ("POST", "same-site", "no-cors", "empty", 403),
        ("POST", "cross-site", "no-cors", "empty", 403),
    ],
)
async def test_fetch_metadata_is_ours_where_it_is_sent(
    client: httpx.AsyncClient, method: str, site: str | None, mode: str | None, dest: str | None, status: int
) -> None:
    """Sec-Fetch-Site is absent, same-origin, or none on a navigation that the user began."""
    sent = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    headers = {**AUTHORISED, **JSON} | {name: value for name, value in sent.items() if value is not None}
    answer = await client.request(method, "/routes" if method == "GET" else "/act", headers=headers, content=b"{}")

    assert status == answer.status_code


async def test_absent_fetch_metadata_is_no_consent(client: httpx.AsyncClient) -> None:
    """A request that says nothing about its origin still needs the key."""
    assert 401 == (await client.get("/routes")).status_code


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/jsonp", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_a_post_must_be_json(client: httpx.AsyncClient, content_type: str | None, status: int) -> None:
    """What a form or a simple cross-origin request can send is refused."""
    headers = AUTHORISED | ({} if content_type is None else {"content-type": content_type})

    assert status == (await client.post("/act", headers=headers, content=b"{}")).status_code


async def test_a_body_over_one_mebibyte_is_refused(client: httpx.AsyncClient, visits: Visits) -> None:
    """A large body is refused by its announced length, and by its real one where it announces none."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 65536

    headers = AUTHORISED | JSON
    announced = await client.post("/act", headers=headers, content=b" " * (1024 * 1024 + 1))
    streamed = await client.post("/act", headers=headers, content=chunks())

    assert (413, 413) == (announced.status_code, streamed.status_code)
    assert [] == visits


async def test_a_body_of_one_mebibyte_arrives_whole(client: httpx.AsyncClient) -> None:
    """The limit itself is allowed, and the handler reads what was sent."""
    text = "x" * (1024 * 1024 - len('{"a":""}'))
    answer = await client.post("/act", headers=AUTHORISED | JSON, content=f'{{"a":"{text}"}}'.encode())

    assert {"a": text} == answer.json()


WRONG_KEYS: Sequence[Sequence[tuple[str, str]]] = (
    (),
    [("authorization", "")],
    [("authorization", "Bearer")],
    [("authorization", "Bearer ")],
    [("authorization", TOKEN)],
    [("authorization", f"Bearer {TOKEN[:-1]}")],
    [("authorization", f"Bearer {TOKEN}x")],
    [("authorization", f"Bearer  {TOKEN}")],
    [("authorization", f"bearer {TOKEN}")],
    [("authorization", f"Basic {TOKEN}")],
    [("authorization", f"Bearer {TOKEN.upper()}")],
    [("authorization", "Bearer " + "x" * 1_000_000)],
    [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")],
    [("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer wrong")],
    [("cookie", f"token={TOKEN}; loom.key={TOKEN}; Authorization=Bearer {TOKEN}")],
    [("x-token", TOKEN)],
    [("x-authorization", f"Bearer {TOKEN}")],
    [("proxy-authorization", f"Bearer {TOKEN}")],
)


@pytest.mark.parametrize("headers", WRONG_KEYS, ids=range(len(WRONG_KEYS)))
async def test_only_the_exact_header_is_a_key(
    client: httpx.AsyncClient, visits: Visits, headers: Sequence[tuple[str, str]]
) -> None:
    """Anything but one Authorization header with exactly our key is refused."""
    answer = await client.get(f"/routes?token={TOKEN}&k={TOKEN}&access_token={TOKEN}", headers=headers)

    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
    assert [] == visits


async def test_wrong_keys_are_slowed_down_after_ten(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The eleventh wrong key waits; requests without a key do not count and the right key never waits."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("studio.web.security.asyncio.sleep", sleep)
    for _ in range(12):
        await client.get("/routes")
        await client.get("/routes", headers={"authorization": "Bearer wrong"})
    await client.get("/routes", headers=AUTHORISED)

    assert [1.0, 1.0] == slept


async def test_nothing_behind_the_gate_answers_without_a_key(make_studio: StudioFactory, visits: Visits) -> None:
    """Every route of the table is refused without a key, one that was added without a thought included."""

    async def handler(request: Request, studio: Studio) -> Response:
        visits.append("extra")
        return PlainTextResponse("open")

    extra = Page(
        slug="extra", title="Extra", group="", key="x", icon="x", routes=(PageRoute(path="/extra", handler=handler),)
    )
    studio = make_studio(pages=(extra,))
    transport = httpx.ASGITransport(studio)
    async with httpx.AsyncClient(transport=transport, base_url=OURS, headers=JSON) as client:
        answers = {
            (method, route.path): (await client.request(method, route.path)).status_code
            for route in studio.routes
            for method in ("GET", "HEAD", "POST")
        }

    assert {"/_events", "/_reload", "/_open", "/extra"} == {path for _, path in answers}
    assert {401} == set(answers.values())
    assert [] == visits


async def test_the_shell_is_the_only_page_without_a_key(client: httpx.AsyncClient) -> None:
    """The root answers 200 with the shell, and a deep link 401 with the same bytes, for browsers only."""
    root = await client.get("/")
    deep = await client.get("/routes?q=1", headers={"accept": "text/html,*/*"})
    script = await client.get("/routes?q=1", headers={"accept": "application/json"})

    assert (200, 401, 401) == (root.status_code, deep.status_code, script.status_code)
    assert root.content == deep.content
    assert b"loom studio" in root.content
    assert b"" == script.content


async def test_the_key_is_in_no_answer(studio: StudioApp, client: httpx.AsyncClient) -> None:
    """No answer carries the key, in its headers or its body."""
    paths = [*(route.path for route in studio.routes if route.path != "/_events"), "/static/js/boot.js", "/nowhere"]
    answers = [await client.get(path, headers=extra) for path in paths for extra in ({}, AUTHORISED)]

    assert [] == [answer.url.path for answer in answers if TOKEN in answer.text + str(answer.headers)]


HEADERS_OF_EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("GET", "/", AUTHORISED, 200),
        ("GET", "/routes", {}, 401),
        ("GET", "/routes", {"host": "evil.test"}, 403),
        ("GET", "/nowhere", AUTHORISED, 404),
        ("POST", "/routes", AUTHORISED | JSON, 405),
        ("POST", "/act", AUTHORISED | JSON, 200),
        ("POST", "/act", AUTHORISED, 415),
        ("POST", "/_open", AUTHORISED | JSON, 422),
        ("GET", "/boom", AUTHORISED, 500),
        ("DELETE", "/", AUTHORISED, 403),
        ("HEAD", "/_events", AUTHORISED, 200),
        ("GET", "/routes/", AUTHORISED, 307),
        ("GET", "/static/js/boot.js", {}, 200),
    ],
)
async def test_every_answer_carries_the_security_headers(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Pages, files, refusals, redirects and failures all carry the policy, and none allows another origin."""
    answer = await client.request(method, path, headers=headers, content=b"{}" if method == "POST" else None)
    policy = answer.headers["content-security-policy"]
    expected = HEADERS_OF_EVERY_ANSWER | ({"cache-control": "no-cache"} if path.startswith("/static/") else {})

    assert status == answer.status_code
    assert expected == {name: answer.headers.get(name) for name in expected}
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "require-trusted-types-for 'script'; trusted-types default" in policy
    assert "unsafe" not in policy
    assert [] == [name for name in answer.headers if name.startswith("access-control-")]


async def test_a_failure_says_nothing(client: httpx.AsyncClient) -> None:
    """A handler that raises answers 500 without its message, its class or a frame."""
    answer = await client.get("/boom", headers=AUTHORISED)

    assert 500 == answer.status_code
    assert [] == [word for word in ("secret detail", "RuntimeError", "Traceback", ".py") if word in answer.text]
