"""The store with one variable set: its restock e-mail runs in a worker, and the product tells how it went."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("celery")]

# A process of its own, as the store's modules are called `main` and `app`.
PROGRAM = """
import asyncio
import httpx
from main import app

async def product_after(client, product, force_fail):
    url = f"/products/{product['id']}"
    body = {"recipientEmail": "buying@example.com", "forceFail": force_fail}
    answer = await client.post(f"{url}/workflows/restock", json=body)
    assert (202, "notifications") == (answer.status_code, answer.json()["queue"]), answer.text
    assert product == (await client.get(url)).json()
    for _ in range(600):
        changed = (await client.get(url)).json()
        if changed["category"] != product["category"]:
            return changed["category"]
        await asyncio.sleep(0.05)

async def main():
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://s") as client:
        page = (await client.get("/products/?pagination=offset&sort=id&limit=200")).json()
        sold_out = [product for product in page["items"] if product["stock"] == 0][:2]
        went = await asyncio.gather(*(product_after(client, *each) for each in zip(sold_out, (False, True))))
        print([category.rpartition("-")[2] for category in went])

asyncio.run(main())
"""


def test_the_restock_flow_runs_in_a_worker(store_worker: Path) -> None:
    """The request answers at once; success and failure both reach the product through their callbacks."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=store_worker, check=False, capture_output=True, text=True, timeout=90
    )

    assert ("['notified', 'failed']\n", 0) == (answer.stdout, answer.returncode), answer.stderr
