"""A9. Database, cache and broker of a served process each gone, slow, silent and back: what it answers, and how soon it is well."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis as Client

from tests.boundary.servers import Postgres, Proxy, Running, running, until
from tests.cache.test_outage import Server as Redis

pytestmark = [pytest.mark.slow, pytest.mark.soak]  # killing servers under load takes a machine of its own

SEATS = "/seats/"
PATIENCE_S = 3.0


@pytest.fixture(scope="module")
def installed() -> Iterator[Postgres]:
    """A PostgreSQL that these tests may kill; not started."""
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture
async def postgres(installed: Postgres) -> AsyncIterator[Postgres]:
    """It, started."""
    await installed.start()
    yield installed
    installed.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that these tests may kill, started."""
    if shutil.which("redis-server") is None and os.environ.get("LOOM_REQUIRE_SERVICES") != "1":
        pytest.skip("redis-server is not installed")
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


def sqlite(home: Path) -> dict[str, str]:
    """Return a `database` section that is never down."""
    return {"url": f"sqlite+aiosqlite:///{home / 'a9.db'}"}


async def recovery(app: Running, path: str = SEATS, method: str = "GET") -> float:
    """Return the seconds until the process is ready and answers with success."""

    async def is_well() -> bool:
        return (await app.status("/ready"), (await app.status(path, method)) // 100) == (200, 2)

    return await until(is_well, PATIENCE_S)


async def assert_database_is_missed(app: Running) -> None:
    """Alive, not ready, and a 503 that says when to come again, for reads and writes alike."""
    answers = [await app.client.get(SEATS), await app.client.post(SEATS, json={}), await app.client.get("/ready")]
    assert 200 == await app.status("/health")
    assert [(503, "1")] * 3 == [(answer.status_code, answer.headers.get("retry-after")) for answer in answers]


async def test_database_killed_and_started(postgres: Postgres, tmp_path: Path) -> None:
    """Ten times it is missed at once and back within three seconds, in the same process; what was stored stays."""
    recovered = []
    async with running({"database": {"url": postgres.url()}}, tmp_path / "out.txt") as app:
        for _ in range(10):
            assert 201 == (await app.client.post(SEATS, json={})).status_code
            postgres.stop()
            await assert_database_is_missed(app)
            await postgres.start()
            recovered.append(await recovery(app))
        seats = (await app.client.get(SEATS)).json()["total_count"]
        assert app.process.poll() is None

    print(f"\ndatabase killed 10 times, well again after at most {max(recovered):.3f} s")
    assert 10 == seats


async def test_slow_database(postgres: Postgres, tmp_path: Path) -> None:
    """A database that answers late is used all the same; when it is quick again, so are the answers."""
    async with (
        Proxy(postgres.port) as proxy,
        running({"database": {"url": postgres.url(proxy.port)}}, tmp_path / "out.txt") as app,
    ):
        assert 200 == await app.status(SEATS)
        proxy.delay_s = 0.2
        late = await app.client.get(SEATS)
        health, ready = await app.status("/health"), await app.status("/ready")
        proxy.delay_s = 0
        recovered = await recovery(app)

    print(f"\nanswers 0.2 s late: {late.elapsed.total_seconds():.2f} s, quick again after {recovered:.3f} s")
    assert (200, 200, 200) == (late.status_code, health, ready)
    assert late.elapsed.total_seconds() >= 0.2


async def test_silent_database(postgres: Postgres, tmp_path: Path) -> None:
    """One that takes everything and answers nothing is a 503 within the driver's patience, and gone from `/ready`."""
    patience = {"pool_timeout": 0.5, "connect_args": {"timeout": 1, "command_timeout": 1}}
    async with (
        Proxy(postgres.port) as proxy,
        running({"database": {"url": postgres.url(proxy.port), **patience}}, tmp_path / "out.txt") as app,
    ):
        await asyncio.gather(*(app.client.get(SEATS) for _ in range(5)))
        proxy.is_silent = True
        began = time.monotonic()
        health = await app.status("/health")
        ready, first, second = await asyncio.gather(*(app.client.get(path) for path in ("/ready", SEATS, SEATS)))
        waited = time.monotonic() - began
        proxy.is_silent = False
        recovered = await recovery(app)

    print(f"\nsilent database: refused within {waited:.2f} s, well again after {recovered:.3f} s")
    assert 200 == health
    assert [(503, "1")] * 3 == [(a.status_code, a.headers.get("retry-after")) for a in (ready, first, second)]


async def test_database_out_of_reach(postgres: Postgres, tmp_path: Path) -> None:
    """Connections cut and refused, five times in a row: 503 in between, well again at once."""
    recovered = []
    async with (
        Proxy(postgres.port) as proxy,
        running({"database": {"url": postgres.url(proxy.port)}}, tmp_path / "out.txt") as app,
    ):
        for _ in range(5):
            assert 200 == await app.status(SEATS)
            await proxy.cut()
            await assert_database_is_missed(app)
            await proxy.open()
            recovered.append(await recovery(app))

    print(f"\ndatabase cut off 5 times, well again after at most {max(recovered):.3f} s")


async def test_control_a_process_that_lost_its_database_for_good_does_not_recover(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Where the database stays away nothing becomes ready: recovery is seen only where there is one."""
    async with running({"database": {"url": postgres.url()}}, tmp_path / "out.txt") as app:
        postgres.stop()
        with pytest.raises(AssertionError, match="not within"):
            await recovery(app)


@pytest.mark.redis
@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.soak)])
async def test_cache_killed_and_started(times: int, redis: Redis, tmp_path: Path) -> None:
    """Answers go on without it, current and ready; when it is back it is used again within three seconds."""
    recovered = []
    async with running({"database": sqlite(tmp_path), "cache": {"url": redis.url}}, tmp_path / "out.txt") as app:
        await app.client.post(SEATS, json={"label": "0"})
        for turn in range(1, times + 1):
            await app.client.get("/seats/1")
            redis.stop()
            written = await app.client.patch("/seats/1", json={"label": str(turn)})
            found = [(await app.client.get("/seats/1")).json()["label"] for _ in range(3)]
            assert (200, [str(turn)] * 3) == (written.status_code, found)
            assert (200, 200) == (await app.status("/health"), await app.status("/ready"))
            redis.start()
            recovered.append(await until(lambda: is_read_through(app, redis), PATIENCE_S))
            assert str(turn) == (await app.client.get("/seats/1")).json()["label"]

    print(f"\ncache killed {times} times, used again after at most {max(recovered):.3f} s")


async def is_read_through(app: Running, redis: Redis) -> bool:
    """Return whether a read asks the cache's server."""
    with Client(port=redis.port) as client:
        before = client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"]
        await app.client.get("/seats/1")
        return bool(client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"] > before)


@pytest.mark.redis
@pytest.mark.parametrize("fault", ["late", "silent", "cut"])
async def test_unwell_cache(fault: str, redis: Redis, tmp_path: Path) -> None:
    """A cache that answers late, not at all, or cuts connections costs no answer and at most two seconds of one."""
    async with Proxy(redis.port) as proxy:
        config = {"database": sqlite(tmp_path), "cache": {"url": f"redis://127.0.0.1:{proxy.port}/0"}}
        async with running(config, tmp_path / "out.txt") as app:
            await app.client.post(SEATS, json={"label": "a"})
            await app.client.get("/seats/1")
            proxy.delay_s, proxy.is_silent = (0.1 if fault == "late" else 0), fault == "silent"
            if fault == "cut":
                await proxy.cut()
            written = await app.client.patch("/seats/1", json={"label": "b"})
            answers = [await app.client.get("/seats/1") for _ in range(5)]
            ready = await app.status("/ready")

    slowest = max(answer.elapsed.total_seconds() for answer in [written, *answers])
    print(f"\ncache {fault}: slowest answer {slowest:.2f} s")
    assert (200, 200) == (written.status_code, ready)
    assert [(200, "b")] * 5 == [(answer.status_code, answer.json()["label"]) for answer in answers]
    assert slowest <= 2


@pytest.mark.redis
async def test_broker_killed_and_started(redis: Redis, tmp_path: Path) -> None:
    """Asking for background work stays a 202 and stores its row; when the broker is back, messages arrive again."""
    recovered, down = [], []
    async with running(on_broker(redis.url, tmp_path), tmp_path / "out.txt") as app:
        for _ in range(10):
            assert 202 == await app.status("/take/", "POST")
            redis.stop()
            asked = await app.client.post("/take/")
            down.append(asked.elapsed.total_seconds())
            assert (202, 200, 200) == (asked.status_code, await app.status("/health"), await app.status("/ready"))
            redis.start()
            recovered.append(await until(lambda: is_delivered(app, redis), PATIENCE_S))
        seats = (await app.client.get(SEATS)).json()["total_count"]

    print(f"\nbroker killed 10 times, 202 after {max(down):.2f} s, delivered again after {max(recovered):.3f} s")
    assert seats >= 30


def on_broker(url: str, home: Path) -> dict[str, object]:
    """Return a configuration whose jobs are messages at `url`."""
    return {"database": sqlite(home), "celery": {"broker_url": url, "result_backend": url}}


async def is_delivered(app: Running, redis: Redis) -> bool:
    """Return whether the message of a request arrives."""
    with Client(port=redis.port) as client:
        before = sum(client.llen(key) for key in client.keys("*") if client.type(key) == b"list")
        assert 202 == await app.status("/take/", "POST")
        return sum(client.llen(key) for key in client.keys("*") if client.type(key) == b"list") > before


@pytest.mark.redis
@pytest.mark.parametrize("fault", ["late", pytest.param("silent", marks=pytest.mark.soak), "cut"])
async def test_unwell_broker(fault: str, redis: Redis, tmp_path: Path) -> None:
    """A broker that answers late, not at all, or cuts connections leaves the 202 and every other request as they are."""
    async with Proxy(redis.port) as proxy:
        config = on_broker(f"redis://127.0.0.1:{proxy.port}/0", tmp_path)
        async with running(config, tmp_path / "out.txt") as app:
            assert 202 == await app.status("/take/", "POST")
            proxy.delay_s, proxy.is_silent = (0.1 if fault == "late" else 0), fault == "silent"
            if fault == "cut":
                await proxy.cut()
            asking = asyncio.create_task(app.client.post("/take/", timeout=40))
            others = [await app.client.get(SEATS) for _ in range(5)]
            asked = await asking

    slowest = max(answer.elapsed.total_seconds() for answer in others)
    print(f"\nbroker {fault}: 202 after {asked.elapsed.total_seconds():.2f} s, slowest other {slowest:.2f} s")
    assert asked.elapsed.total_seconds() <= 20
    assert [202, *[200] * 5] == [answer.status_code for answer in (asked, *others)]
    assert slowest <= 1
