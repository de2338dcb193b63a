"""No secret leaves the process, and nothing that leaves is large."""

import json

import httpx
import msgspec
import pytest

from studio.recorder.finish import Finisher
from studio.recorder.live import LiveTrace
from studio.recorder.redact import HIDDEN, Redactor, secrets_of, sounds_secret
from studio.trace import encoder
from tests.studio_recorder.conftest import HERE, Recorded

CANARY = "canary-Zm9vYmFy-7781"


def said(trace: object) -> str:
    return encoder.encode(trace).decode("utf-8", "replace")


@pytest.mark.parametrize("name", ["loom", "explode"])
async def test_a_secret_of_the_body_is_nowhere_in_the_trace(
    client: httpx.AsyncClient, last: Recorded, name: str
) -> None:
    """A password reaches the command, the statement, a log, an exception and the answer, and none of them shows it."""
    headers = {"authorization": f"Bearer {CANARY}-header", "cookie": f"sid={CANARY}-cookie"}
    answer = await client.post(
        f"/items/?api_key={CANARY}-query", json={"name": name, "password": CANARY}, headers=headers
    )
    trace = last()

    assert answer.status_code in {201, 500}
    assert CANARY not in said(trace)
    assert HIDDEN in said(trace)
    assert [f"storing {name} with {HIDDEN}"] == [line.text for line in trace.logs]


@pytest.mark.parametrize("full", [False])
async def test_an_outline_keeps_no_text_that_may_hold_a_secret(
    client: httpx.AsyncClient, last: Recorded, full: bool
) -> None:
    """Without bodies nobody knows what is secret: logs and words of undeclared exceptions stay out."""
    await client.post("/items/", json={"name": "explode", "password": CANARY})
    trace = last()

    assert CANARY not in said(trace)
    assert (("RuntimeError", ""), ()) == ((trace.spans[1].error, trace.spans[1].message), trace.logs)


async def test_without_redaction_the_same_trace_would_tell(client: httpx.AsyncClient, live: list[LiveTrace]) -> None:
    """The control: what was recorded does hold the secret, before it is cleaned."""
    await client.post("/items/", json={"name": "loom", "password": CANARY})

    assert any(CANARY in str(step[5]) for span in live[-1].spans for step in span.steps)
    assert any(CANARY in line[5] for line in live[-1].logs)


async def test_a_secret_of_the_environment_is_hidden_wherever_it_occurs(
    client: httpx.AsyncClient, live: list[LiveTrace]
) -> None:
    """The value of a secret variable, or the password of a database URL, is blanked in any text."""
    known = secrets_of({"MAIL_PASSWORD": CANARY, "HOME": "/root"}, "postgresql://u:hunter2%21x@db/x")
    await client.post("/items/", json={"name": f"{CANARY} hunter2!x"})

    assert {CANARY, "hunter2%21x", "hunter2!x"} == known
    assert CANARY not in said(Finisher(HERE, known).finish(live[-1]))
    assert "hunter2!x" not in said(Finisher(HERE, known).finish(live[-1]))


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("password", True),
        ("newPassword", True),
        ("X-Api-Key", True),
        ("refresh_token", True),
        ("Set-Cookie", True),
        ("pin", True),
        ("shipping", False),
        ("description", False),
        ("author", False),
        ("keyboard", False),
    ],
)
def test_names_that_sound_secret(key: str, secret: bool) -> None:
    """Whole words and spellings count, letters inside another word do not."""
    assert secret is sounds_secret(key)


@pytest.mark.parametrize(
    "text",
    [
        "password='hunter2 '",
        "token=hunter2",
        'api_key: "hunter2"',
        "Authorization: Bearer hunter2",
        '{"secret": "hunter2"}',
    ],
)
def test_what_free_text_assigns_to_a_secret_name_is_blanked(text: str) -> None:
    """A name that sounds secret hides what follows it, in any of the usual spellings."""
    cleaned = Redactor().text(f"before {text} after")

    assert "hunter2" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


def test_the_projects_own_words_count() -> None:
    """`LOOM_RECORD_HIDE` adds words."""
    assert {"loyaltyNumber": HIDDEN} == Redactor(words=("loyalty",)).clean({"loyaltyNumber": "12345678"})


async def test_a_body_that_cannot_be_read_is_not_shown(client: httpx.AsyncClient, last: Recorded) -> None:
    """Broken JSON cannot be redacted by name, so it is left out with the reason."""
    body = b'{"password": "' + CANARY.encode()
    await client.post("/items/", content=body, headers={"content-type": "application/json"})
    exchange = last().exchange

    assert exchange is not None
    assert (None, "not valid JSON, not recorded", len(body)) == (
        exchange.body.content,
        exchange.body.note,
        exchange.body.size,
    )
    assert CANARY not in said(last())


async def test_a_large_payload_is_cut_and_says_by_how_much(client: httpx.AsyncClient, last: Recorded) -> None:
    """Two megabytes come out as a few kilobytes, every cut with its size."""
    payload = {"name": "x" * 1_000_000, "list": [*range(200_000)], "deep": json.loads("[" * 40 + "]" * 40)}
    await client.post("/items/", json=payload)
    trace = last()

    assert trace.exchange is not None
    assert trace.exchange.body.size > 2_000_000
    assert len(encoder.encode(trace)) < 60_000
    assert "(1,000,000 characters)" in said(trace)
    assert "199,900 more" in said(trace)


async def test_a_body_beyond_the_limit_is_counted_only(
    client: httpx.AsyncClient, last: Recorded, live: list[LiveTrace]
) -> None:
    """Over four megabytes nothing of it is kept, in memory neither."""
    await client.post("/items/", json={"name": "x" * 5_000_000})
    exchange = last().exchange

    assert exchange is not None
    assert ("over 4 MB, not recorded", None) == (exchange.body.note, exchange.body.content)
    assert live[-1].exchange.kept < 10_000


def test_every_json_like_tree_stays_one() -> None:
    """Cleaning gives back JSON-like trees, whatever goes in."""
    tree = {"a": [1, 2.5, None, True, {"b": "x" * 3000}], "c": [[[[[[[[[[1]]]]]]]]]]}

    assert msgspec.json.decode(msgspec.json.encode(Redactor().clean(tree))) == Redactor().clean(tree)
