"""Requests and their traces as pages: what they say, that hostile text stays text, and that every tab stands."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
from msgspec.structs import replace

from loom.core.engine.plan import CommandField, CommandShape, Plan, Source, Step, StepKind
from studio.pages import PAGES
from studio.pages.trace import TABS
from studio.snapshot import Route, Snapshot
from studio.store import AppState, Build, Store
from studio.trace import (
    Body,
    Call,
    Dispatch,
    Exchange,
    LogLine,
    Outcome,
    Span,
    SpanKind,
    StepRun,
    Trace,
    Verdict,
)
from studio.web.app import create_studio

HOST = "127.0.0.1:8700"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e{{7*7}}"
SOURCE = Source(module="shop", file=__file__, line=3, code=f"def rule(email):\n    return {HOSTILE!r}")


class Quiet:
    """Controls that do nothing."""

    async def reload(self) -> None:
        """Do nothing."""

    async def open_in_editor(self, file: str, line: int) -> None:
        """Do nothing."""


def plan_of(label: str = "email must be valid") -> Plan:
    shape = CommandShape(
        name="CreateUser", param="cmd", fields=(CommandField(name="email", wire="eMail", type="str", required=True),)
    )
    return Plan(
        name="CreateUser",
        key="shop:CreateUser",
        hash="h1",
        command=shape,
        steps=(
            Step(id="input:cmd", kind=StepKind.INPUT, label="cmd", writes=("cmd", "cmd.email")),
            Step(id="compute:1", kind=StepKind.COMPUTE, label="email", reads=("cmd.email",), writes=("cmd.email",)),
            Step(
                id="rule:1",
                kind=StepKind.RULE,
                label=label,
                reads=("cmd.email",),
                source=SOURCE,
                on_failure="422 email",
            ),
            Step(id="execute", kind=StepKind.EXECUTE, label="execute", reads=("cmd",)),
        ),
    )


def trace_of(text: str = "ada", id_: str = "t1") -> Trace:
    steps = (
        StepRun(0, Verdict.PASS, 10, 5, "", {"email": text}),
        StepRun(1, Verdict.PASS, 16, 5, "", {"email": f"{text}!"}),
        StepRun(2, Verdict.FAIL, 30, 5, text, text, [f"{text}!"]),
    )
    run = Span(
        0,
        SpanKind.USE_CASE,
        "CreateUser",
        5,
        200,
        Outcome.REJECTED,
        "shop:CreateUser",
        "h1",
        "",
        "RuleViolations",
        text,
        {},
        None,
        steps,
    )
    body = Body(20, "application/json", {"eMail": text, text: [text]})
    return Trace(
        id=id_,
        trace_id=text,
        at=1_800_000_000.0,
        took=900,
        exchange=Exchange("POST", f"/users/{text}", ((text, text),), 422, ((text, text),), body, ((text, text),), body),
        spans=(Span(-1, SpanKind.REQUEST, "POST", 0, 800, Outcome.OK), run),
        calls=tuple(Call(1, 3, 40 + n, 50, f"SELECT {text}", {text: text}, 1, __file__, 3, text) for n in range(4)),
        logs=(LogLine(1, 2, 33, "WARNING", text, text, __file__, 4),),
        dispatches=(Dispatch(1, 3, 50, text, "job-1", text, {text: text}, [text]),),
        left_out={"calls": 1234},
    )


@pytest.fixture
def store() -> Store:
    """A store whose app has one use case."""
    store = Store()
    route = Route(method="GET", path="/users/", use_case="CreateUser", plan="shop:CreateUser")
    snapshot = Snapshot(app="shop", revision="1", plans=(plan_of(),), routes=(route,))
    store.record(Build(number=1, at=store.status.since, snapshot=snapshot))
    store.set_status(AppState.READY, url="http://127.0.0.1:8000/")
    store.traces.keep_plans([plan_of()])
    return store


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    studio = create_studio(store=store, controls=Quiet(), token="t", hosts=frozenset({HOST}), pages=PAGES)
    transport, headers = httpx.ASGITransport(studio), {"authorization": "Bearer t"}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=headers) as found:
        yield found


class _Elements(HTMLParser):
    """Counts elements that carry hostile content."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        sent = dict(attrs)
        if (tag == "script" and "src" not in sent) or (tag == "img" and sent.get("src") == "x"):
            self.bad.append(tag)
        self.bad += [name for name in sent if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(answer: httpx.Response) -> _Elements:
    parser = _Elements()
    parser.feed(answer.text)
    parser.close()
    return parser


@pytest.mark.parametrize("tab", TABS)
async def test_hostile_text_stays_text_on_every_tab(client: httpx.AsyncClient, store: Store, tab: str) -> None:
    """Whatever the app was sent or says, no tab makes an element or a template expression of it."""
    store.traces.keep_plans([plan_of(HOSTILE)])
    store.traces.add([trace_of(HOSTILE)])
    pages = [await client.get(f"/requests/t1?tab={tab}"), await client.get(f"/requests/t1?tab={tab}&step=rule:1")]

    assert [200, 200] == [page.status_code for page in pages]
    assert [[], []] == [read(page).bad for page in pages]
    assert "alert(1)" in read(pages[0]).text
    assert "49" not in re.findall(r"\b49\b", read(pages[0]).text)
    assert "\u202e" not in pages[0].text


@pytest.mark.parametrize("path", ["/requests", "/requests?part=list", "/now", "/plans/CreateUser?tab=runs"])
async def test_hostile_text_stays_text_in_lists(client: httpx.AsyncClient, store: Store, path: str) -> None:
    """The same holds where traces are listed, and for a hostile query."""
    store.traces.add([trace_of(HOSTILE)])
    page = await client.get(path, params={"q": HOSTILE} if "part" in path else {})

    assert 200 == page.status_code
    assert [] == read(page).bad


async def test_the_why_card_says_why(client: httpx.AsyncClient, store: Store) -> None:
    """Rule, input with its origin, raw return, reading, answer and source are on the page, before any click."""
    store.traces.add([trace_of("ada")])
    text = " ".join(read(await client.get("/requests/t1")).text.split())

    for words in (
        "Why it failed",
        "Rejected by rule 1: ada",
        '"ada!" from compute 1, email',
        "A text is the complaint itself",
        "422 email",
    ):
        assert words in text


async def test_the_plan_carries_a_verdict_for_every_step(client: httpx.AsyncClient, store: Store) -> None:
    """Icon and word, also for a screen reader; the table says the same."""
    store.traces.add([trace_of("ada")])
    drawn = (await client.get("/requests/t1")).text
    table = " ".join(read(await client.get("/requests/t1?tab=table")).text.split())

    assert ["passed", "passed", "failed", "not reached"] == re.findall(r'aria-label="[^"]*, ([a-z ]+)"', drawn)
    for words in ("✕ failed", "Said no: ada", "· not reached", "Not reached: rule 1 said no."):
        assert words in table


async def test_the_stepper_leads_from_compute_to_compute(client: httpx.AsyncClient, store: Store) -> None:
    """On compute 1 the command shows what it was and is, with the way back to what was sent."""
    store.traces.add([trace_of("ada")])
    page = await client.get("/requests/t1?step=compute:1")
    text = " ".join(read(page).text.split())

    assert "The command after compute 1 of 1" in text
    assert '"ada" → "ada!" set here' in text
    assert 'href="/requests/t1?span=1&amp;step=input%3Acmd" aria-label="One compute back"' in page.text


async def test_an_n_plus_1_is_named_with_its_line(client: httpx.AsyncClient, store: Store) -> None:
    """Four equal statements in execute: a surprise, counted, with the line that asked."""
    store.traces.add([trace_of("ada")])
    text = " ".join(read(await client.get("/requests/t1?tab=sql")).text.split())

    assert "surprise" in text
    assert "N+1: the same statement ran 4 times." in text
    assert "test_requests.py:3" in text


async def test_new_ones_are_counted_and_not_pushed_in(client: httpx.AsyncClient, store: Store) -> None:
    """The pill counts what matches and came after the list was drawn; it is empty before."""
    store.traces.add([trace_of("ada", "t1")])
    before = await client.get("/requests/newer?after=1&q=status:422")
    store.traces.add([trace_of("ada", f"t{n}") for n in range(2, 5)])
    after = await client.get("/requests/newer?after=1&q=status:422")
    other = await client.get("/requests/newer?after=1&q=status:200")

    assert [False, True, False] == ["new</a>" in page.text for page in (before, after, other)]
    assert "3 new" in after.text


async def test_the_states_of_the_list(client: httpx.AsyncClient, store: Store) -> None:
    """Empty says how to begin, unreadable what is wrong, no match how many there are, partial how many are shown."""
    empty = read(await client.get("/requests")).text
    store.traces.add(trace_of("ada", f"t{n}") for n in range(130))
    unreadable = read(await client.get("/requests?q=stauts:1")).text
    nothing = read(await client.get("/requests?q=status:200")).text
    partial = read(await client.get("/requests")).text

    assert "curl http://127.0.0.1:8000/users/" in empty
    assert "did you mean 'status'?" in unreadable
    assert "130 traces are kept, none of them like this" in nothing
    assert "showing 100 of 130" in partial


async def test_more_goes_on_where_the_list_ended(client: httpx.AsyncClient, store: Store) -> None:
    """The second hundred follows the first without a gap or a repeat."""
    store.traces.add(trace_of("ada", f"t{n:03}") for n in range(150))
    first = re.findall(r'href="/requests/(t\d+)', (await client.get("/requests")).text)
    more = re.findall(r'href="/requests/(t\d+)', (await client.get("/requests?part=more&before=51")).text)

    assert [f"t{n:03}" for n in range(149, -1, -1)] == first + more


async def test_the_address_follows_the_search(client: httpx.AsyncClient, store: Store) -> None:
    """A search typed into the list puts the query, and nothing else, into the address."""
    store.traces.add([trace_of("ada")])
    answer = await client.get("/requests?part=list&q=status:failed use:X")

    assert "/requests?q=status%3Afailed+use%3AX" == answer.headers["hx-replace-url"]


async def test_a_plan_that_was_edited_since_is_drawn_as_it_was(client: httpx.AsyncClient, store: Store) -> None:
    """The trace keeps its own plan, and the page says so."""
    store.traces.add([trace_of("ada")])
    edited = replace(plan_of("address must exist"), hash="h2")
    store.record(Build(number=2, at=store.status.since, snapshot=Snapshot(app="shop", revision="2", plans=(edited,))))
    text = read(await client.get("/requests/t1")).text

    assert "This plan has been edited since." in text
    assert "email must be valid" in text


async def test_a_trace_that_is_gone_is_404(client: httpx.AsyncClient) -> None:
    """An unknown id, a hostile one included, is no page."""
    assert [404, 404] == [(await client.get(path)).status_code for path in ("/requests/nope", "/requests/%27%20OR%201")]


async def test_now_shows_the_latest_and_what_fails(client: httpx.AsyncClient, store: Store) -> None:
    """The first page lists the newest requests; a part of it can be fetched alone."""
    store.traces.add([trace_of("ada")])
    page, part = read(await client.get("/now")), read(await client.get("/now?part=latest"))

    assert "Rejected by rule 1: ada" in page.text
    assert "Rejected by rule 1: ada" in part.text
    assert "Answers at" not in part.text


async def test_nothing_of_it_is_given_away_without_the_key(store: Store) -> None:
    """Requests, traces and counts need the token like every page."""
    store.traces.add([trace_of("ada")])
    studio = create_studio(store=store, controls=Quiet(), token="t", hosts=frozenset({HOST}), pages=PAGES)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(studio), base_url=f"http://{HOST}") as stranger:
        answers = [await stranger.get(path) for path in ("/requests", "/requests/newer", "/requests/t1")]

    assert [401, 401, 401] == [answer.status_code for answer in answers]
