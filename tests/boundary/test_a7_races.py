"""A7. Requests that meet in the database: one wins, the others are told so, and nothing is lost or done twice."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from loom.core.errors import Contention
from loom.core.job.job import Job
from loom.core.job.service import JobService
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import UseCase
from loom.rest.model import RestInterface, RestRoute

BOTH = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
POSTGRES = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]
SERIALIZABLE = {"connect_args": {"server_settings": {"default_transaction_isolation": "serializable"}}}


class Account(BaseModel):
    """Two of these are locked in opposite orders."""

    __tablename__ = "edge_accounts"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    balance: int = ColumnField(default=0)


class Ring(Job[None]):
    """Remembers that it ran."""

    ran: list[str] = []

    async def execute(self, who: str) -> None:
        """Remember."""
        self.ran.append(who)


class Transfer(UseCase[Account, int]):
    """Change two accounts, one after the other, meeting its rival in between the first time."""

    met = 0
    meeting = asyncio.Event()

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, first: int, second: int) -> int:
        """Lock one, meet, lock the other."""
        self._jobs.dispatch(Ring, params={"who": f"{first}-{second}"})
        await self.main_repo.update(first, {"balance": 1})
        await self._meet()
        await self.main_repo.update(second, {"balance": 1})
        return first

    async def _meet(self) -> None:
        Transfer.met += 1
        if Transfer.met == 2:
            Transfer.meeting.set()
        await asyncio.wait_for(Transfer.meeting.wait(), 10)


class Unlucky(UseCase[Account, int]):
    """Is undone as often as it is told."""

    tries = 0

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, times: int) -> int:
        """Dispatch, store, and lose."""
        type(self).tries += 1
        self._jobs.dispatch(Ring, params={"who": "unlucky"})
        await self.main_repo.create({"balance": self.tries})
        if self.tries <= times:
            raise Contention
        return self.tries


class Accounts(RestInterface[Account]):
    """Everything about accounts."""

    prefix = "/accounts"
    routes = (
        RestRoute(Transfer, "POST", "/{first}/to/{second}"),
        RestRoute(Unlucky, "POST", "/unlucky/{times}"),
    )


class AllAccounts(RestInterface[Account]):
    """Auto-CRUD."""

    prefix = "/all-accounts"
    auto = True


INTERFACES = (Accounts, AllAccounts)


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Forget what earlier tests did."""
    Ring.ran.clear()
    Unlucky.tries = Transfer.met = 0
    Transfer.meeting = asyncio.Event()


@BOTH
async def test_one_of_many_gets_the_unique_name(serve: Any) -> None:
    """Of 64 that want one name at once, one gets it and 63 are told of the conflict; five times over."""
    async with serve(pool_timeout=30) as client:
        rounds = [
            Counter(
                answer.status_code
                for answer in await asyncio.gather(
                    *(client.post("/members/", json={"name": f"n{n}"}) for _ in range(64))
                )
            )
            for n in range(5)
        ]

    assert [{201: 1, 409: 63}] * 5 == rounds


@BOTH
async def test_parent_and_child_never_part(serve: Any) -> None:
    """While a member is deleted and loans to it are made, every answer is one of the expected ones and no loan is orphaned."""
    async with serve(pool_timeout=30) as client:
        statuses: Counter[int] = Counter()
        for n in range(10):
            member = (await client.post("/members/", json={"name": f"m{n}"})).json()["id"]
            loans = [client.post("/loans/", json={"memberId": member, "title": "t"}) for _ in range(4)]
            answers = await asyncio.gather(*loans, client.delete(f"/members/{member}"))
            statuses.update(answer.status_code for answer in answers)
        owners = {loan["memberId"] for loan in (await client.get("/loans/?limit=1000")).json()["items"]}
        members = {member["id"] for member in (await client.get("/members/?limit=1000")).json()["items"]}

    assert statuses.keys() <= {200, 201, 409}
    assert owners <= members


@BOTH
async def test_change_and_delete_settle(serve: Any) -> None:
    """A row changed and deleted at once is gone afterwards; each change was applied, or found nothing."""
    async with serve(pool_timeout=30) as client:
        statuses: Counter[int] = Counter()
        for n in range(10):
            member = (await client.post("/members/", json={"name": f"m{n}"})).json()["id"]
            changes = [client.patch(f"/members/{member}", json={"age": age}) for age in range(5)]
            answers = await asyncio.gather(*changes, client.delete(f"/members/{member}"))
            statuses.update(answer.status_code for answer in answers)
            assert 404 == (await client.get(f"/members/{member}")).status_code

    assert statuses.keys() <= {200, 404}


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_run_that_was_undone_is_run_again(serve: Any, times: int) -> None:
    """What the database undid is run again from the start; one row is stored, and one job started."""
    async with serve(interfaces=INTERFACES) as client:
        answer = await client.post(f"/accounts/unlucky/{times}")
        rows = (await client.get("/all-accounts/")).json()["items"]

    assert (200, times + 1) == (answer.status_code, answer.json())
    assert [times + 1] == [row["balance"] for row in rows]
    assert ["unlucky"] == Ring.ran


async def test_run_that_is_always_undone_is_given_up(serve: Any) -> None:
    """After three runs the client is asked to come back; nothing is stored and no job started."""
    async with serve(interfaces=INTERFACES) as client:
        answer = await client.post("/accounts/unlucky/99")
        rows = (await client.get("/all-accounts/")).json()["items"]

    assert (503, "unavailable", "1") == (
        answer.status_code,
        answer.json()["detail"]["code"],
        answer.headers["retry-after"],
    )
    assert (3, [], []) == (Unlucky.tries, rows, Ring.ran)


async def test_control_without_another_run_it_is_an_error(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the second run switched off the first loss already reaches the client."""
    monkeypatch.setattr("loom.core.engine.executor.ATTEMPTS", 1)

    async with serve(interfaces=INTERFACES) as client:
        answer = await client.post("/accounts/unlucky/1")

    assert 503 == answer.status_code


class TestOnPostgres:
    """What only a database with concurrent writers does."""

    pytestmark = POSTGRES

    async def test_deadlock_is_resolved_behind_the_scenes(self, serve: Any) -> None:
        """Two transfers that lock each other both succeed; each job starts once."""
        async with serve(interfaces=INTERFACES) as client:
            for _ in range(2):
                await client.post("/all-accounts/", json={})
            answers = await asyncio.gather(client.post("/accounts/1/to/2"), client.post("/accounts/2/to/1"))

        assert [200, 200] == [answer.status_code for answer in answers]
        assert ["1-2", "2-1"] == sorted(Ring.ran)
        assert Transfer.met == 3

    async def test_no_update_is_lost_under_serializable(self, serve: Any) -> None:
        """Every visit that is confirmed is counted, every other answer is a 503 that says when to come back."""
        visits, answers = await visited(serve, **SERIALIZABLE)

        confirmed = sum(answer.status_code == 200 for answer in answers)
        assert {200, 503} >= {answer.status_code for answer in answers}
        assert {"1"} >= {answer.headers["retry-after"] for answer in answers if answer.status_code == 503}
        assert visits == confirmed > 0

    async def test_control_updates_are_lost_without_it(self, serve: Any) -> None:
        """The same visits under the default isolation lose updates: the race is real."""
        visits, answers = await visited(serve)

        assert visits < sum(answer.status_code == 200 for answer in answers)


async def visited(serve: Any, **database: Any) -> tuple[int, list[httpx.Response]]:
    """Let 40 visits meet, and return how many were counted, and the answers."""
    async with serve(pool_timeout=30, **database) as client:
        member = (await client.post("/members/", json={"name": "Ada"})).json()["id"]
        answers = await asyncio.gather(*(client.post(f"/cards/{member}/visits") for _ in range(40)))
        return (await client.get(f"/members/{member}")).json()["visits"], answers
