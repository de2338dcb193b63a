"""A2. Bodies that are meant to break the reader: each is refused in the usual shape, quickly, and nothing is repeated."""

import gzip
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

SECRET = "canary-4711"
MIB = 1024 * 1024


def nested(depth: int, key: str) -> bytes:
    return b'{"%s":' % key.encode() + b"[" * depth + b"]" * depth + b"}"


def cut_off(depth: int) -> bytes:
    return b'{"any":' + b'{"a":' * depth


BODIES: dict[str, tuple[bytes, int]] = {
    **{
        f"depth {d} in {k}": (nested(d, k), 400) for d in (500, 1_000, 20_000, 200_000) for k in ("any", "text", "what")
    },
    **{f"objects {d} deep": (b'{"a":' * d + b"1" + b"}" * d, 400) for d in (500, 20_000, 150_000)},
    "depth 90": (nested(90, "any"), 200),
    "cut off, deep": (cut_off(1_000), 400),
    "cut off": (b'{"text": "canary-4711', 400),
    "cut off escape": (b'{"text": "canary-4711\\u00', 400),
    "nothing but a brace": (b"{", 400),
    "trailing text": (b'{"text": "canary-4711"} x', 400),
    "two objects": (b"{}{}", 400),
    "an array": (b'["canary-4711"]', 400),
    "a text": (b'"canary-4711"', 400),
    "a number": (b"4711", 400),
    "null": (b"null", 400),
    "true": (b"true", 400),
    "single quotes": (b"{'text': 'canary-4711'}", 400),
    "comment": (b'{"text": "a" /* canary-4711 */}', 400),
    "trailing comma": (b'{"text": "canary-4711",}', 400),
    "byte order mark": (b'\xef\xbb\xbf{"text": "canary-4711"}', 400),
    "UTF-16": ('{"text": "canary-4711"}'.encode("utf-16"), 400),
    "Latin-1": ('{"text": "canary-4711 é"}'.encode("latin-1"), 400),
    "bad UTF-8": (b'{"text": "\xc3\x28 canary-4711"}', 400),
    "overlong UTF-8": (b'{"text": "\xc0\xaf canary-4711"}', 400),
    "raw surrogate": (b'{"text": "\xed\xa0\x80 canary-4711"}', 400),
    "raw control character": (b'{"text": "\x01 canary-4711"}', 400),
    "raw NUL": (b'{"text": "\x00 canary-4711"}', 400),
    "NUL": (b'{"text": "canary-4711\\u0000"}', 422),
    "NUL in a key": (b'{"canary\\u0000": 1}', 422),
    "NUL in an unknown field": (b'{"what": "canary-4711\\u0000"}', 422),
    "NUL deep down": (b'{"any": [{"a": ["canary-4711\\u0000"]}]}', 422),
    "surrogate": (b'{"text": "canary-4711 \\ud800"}', 422),
    "surrogate, low": (b'{"text": "canary-4711 \\uDC00"}', 422),
    "surrogate in a key": (b'{"\\ud800": 1}', 422),
    "surrogate in any": (b'{"any": ["canary-4711 \\udfff"]}', 422),
    "surrogate pair": (b'{"text": "\\ud83d\\ude00"}', 200),
    "NaN": (b'{"real": NaN}', 400),
    "Infinity": (b'{"real": -Infinity}', 400),
    "1e999": (b'{"real": 1e999}', 400),
    "1e999 in any": (b'{"any": 1e999}', 400),
    "10^30": (b'{"number": 1' + b"0" * 30 + b"}", 422),
    "2^63": (b'{"number": 9223372036854775808}', 422),
    "-2^63 - 1": (b'{"number": -9223372036854775809}', 422),
    "2^63 - 1": (b'{"number": 9223372036854775807}', 200),
    "10^350 in any": (b'{"any": 1' + b"0" * 350 + b"}", 422),
    "10^5000": (b'{"number": 1' + b"0" * 5000 + b"}", 400),
    "10^5000 in any": (b'{"any": 1' + b"0" * 5000 + b"}", 400),
    "10^5000 unknown": (b'{"what": 1' + b"0" * 5000 + b"}", 400),
    "leading zero": (b'{"number": 01}', 400),
    "hexadecimal": (b'{"number": 0x10}', 400),
    "text for a number": (b'{"number": "canary-4711"}', 422),
    "fraction for an integer": (b'{"number": 4711.5}', 422),
    "whole float for an integer": (b'{"number": 21.0}', 200),
    "boolean for an integer": (b'{"number": true}', 422),
    "null for an integer": (b'{"number": null}', 422),
    "object for a text": (b'{"text": {"canary-4711": 1}}', 422),
    "key twice": (b'{"text": "a", "text": "canary-4711"}', 400),
    "key twice, deep": (b'{"any": {"b": 1, "b": 2}}', 400),
    "key twice, escaped": (b'{"text": "a", "t\\u0065xt": "b"}', 400),
    "colons in texts": (b'{"text": "a:b::c", "any": {"d": "::"}}', 200),
    "100,000 keys": (json.dumps({f"k{i}": 1 for i in range(75_000)}).encode(), 200),
    "one long key over many": (json.dumps({"any": {"x" * 400_000: {f"{i}": 1 for i in range(50_000)}}}).encode(), 200),
    "long unknown key": (json.dumps({"text": 1, "y" * 900_000: "\x00"}).encode(), 422),
    "10 MB": (b'{"text": "' + b"a" * 10 * MIB + b'"}', 413),
    "white space only": (b" " * 100, 200),
    "nothing": (b"", 200),
}


@pytest.mark.parametrize("name", BODIES)
async def test_hostile_body_is_answered(client: httpx.AsyncClient, name: str) -> None:
    """A hostile body gets the status of its kind, the usual shape, and none of its own content back."""
    body, status = BODIES[name]

    answer = await client.post("/echo/", content=body)

    assert status == answer.status_code
    if status >= 400:
        assert {"code", "message", "trace_id"} <= answer.json()["detail"].keys()
        assert SECRET not in answer.text
        assert len(answer.content) < 5_000


async def test_hostile_bodies_cost_little(client: httpx.AsyncClient) -> None:
    """No hostile body takes a tenth of a second of the processor; what else the process does meanwhile is left out."""
    spent: dict[str, list[float]] = {name: [] for name in BODIES}
    for _, (name, (body, _)) in itertools.product(range(3), BODIES.items()):
        started = time.process_time()
        await client.post("/echo/", content=body)
        spent[name].append(time.process_time() - started)

    assert {} == {name: seconds for name, seconds in spent.items() if min(seconds) > 0.1}


async def test_hostile_bodies_leave_no_memory_behind(client: httpx.AsyncClient) -> None:
    """All of them, five times over, do not make the process grow."""
    await _send_all(client)
    before = _resident()

    for _ in range(5):
        await _send_all(client)

    assert _resident() - before < 20 * MIB


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 200),
        ({"content-type": "application/x-www-form-urlencoded"}, 200),
        ({"content-type": "application/vnd.api+json; charset=utf-8"}, 200),
        ({}, 200),
        ({"content-encoding": "identity"}, 200),
        ({"content-encoding": "gzip"}, 415),
        ({"content-encoding": "br, gzip"}, 415),
    ],
)
async def test_json_is_read_whatever_its_type_says(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """A body that is JSON is read as such whatever its content type; a compressed one is not read."""
    answer = await client.post("/echo/", content=b'{"text": "a"}', headers=headers)

    assert status == answer.status_code


@pytest.mark.parametrize("media", ["text/xml", "multipart/form-data; boundary=x", "application/octet-stream"])
async def test_body_that_never_meant_to_be_json_is_unsupported(client: httpx.AsyncClient, media: str) -> None:
    """What is no JSON and was said to be something else is a 415."""
    answer = await client.post("/echo/", content=b"<a>canary-4711</a>", headers={"content-type": media})

    assert (415, "unsupported_media_type") == (answer.status_code, answer.json()["detail"]["code"])


async def test_compressed_bomb_is_never_unpacked(client: httpx.AsyncClient) -> None:
    """A body that would unpack to 100 MiB is refused by its header."""
    bomb = gzip.compress(b'{"text": "' + b"a" * 100 * MIB + b'"}')

    answer = await client.post("/echo/", content=bomb, headers={"content-encoding": "gzip"})

    assert 415 == answer.status_code


async def test_size_limit_is_a_setting(serve: Any) -> None:
    """`rest.max_body_bytes` is the largest body that is read; one byte more is a 413, also where no length is stated."""

    async def chunks() -> Any:
        for _ in range(11):
            yield b" " * 10

    async with serve(rest={"max_body_bytes": 100}) as client:
        statuses = [
            (await client.post("/echo/", content=b" " * 100)).status_code,
            (await client.post("/echo/", content=b" " * 101)).status_code,
            (await client.post("/echo/", content=chunks())).status_code,
        ]

    assert [200, 413, 413] == statuses


async def test_strict_bodies_want_json_by_name(serve: Any) -> None:
    """With `rest.strict_bodies` a stated type that is not JSON is refused before the body is looked at."""
    async with serve(rest={"strict_bodies": True}) as client:
        statuses = [
            (await client.post("/echo/", content=b"{}", headers={"content-type": media})).status_code
            for media in ("text/plain", "application/json", "")
        ]

    assert [415, 200, 200] == statuses


async def test_strict_bodies_name_every_unknown_field_briefly(serve: Any) -> None:
    """With `rest.strict_bodies` unknown fields are violations, as many as an answer may hold."""
    async with serve(rest={"strict_bodies": True}) as client:
        answer = await client.post("/echo/", json={f"k{i}": 1 for i in range(1_000)})

    assert (422, 100) == (answer.status_code, len(answer.json()["detail"]["violations"]))
    assert len(answer.content) < 20_000


async def test_control_a_plain_application_crashes_on_them(plain: Callable[[FastAPI], httpx.AsyncClient]) -> None:
    """The same bodies make an application without the boundary answer 500 at least once."""

    class Thing(BaseModel):
        text: str = ""
        number: int = 0
        real: float = 0.0
        any: Any = None

    app = FastAPI()

    @app.post("/echo/")
    async def echo(thing: Thing) -> Thing:
        return thing

    async with plain(app) as client:
        statuses = {
            name: (await client.post("/echo/", content=body, headers={"content-type": "application/json"})).status_code
            for name, (body, _) in BODIES.items()
            if len(body) < 100_000
        }

    assert [name for name, status in statuses.items() if status >= 500]


async def _send_all(client: httpx.AsyncClient) -> None:
    for body, _ in BODIES.values():
        await client.post("/echo/", content=body)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
