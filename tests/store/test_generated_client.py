"""A client that a generator makes from the OpenAPI document, used against the running store."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

PACKAGE = "generated_store_client"


@pytest.fixture
def generated(
    client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ModuleType, Any]]:
    """The generated package, and a client of it that talks to the store."""
    app = client._transport.app  # type: ignore[attr-defined]  # httpx has no public way back to the app
    (tmp_path / "openapi.json").write_text(json.dumps(app.openapi()))
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    said = _generate(tmp_path)
    assert "warning" not in said.lower(), said
    monkeypatch.syspath_prepend(str(tmp_path))
    package = importlib.import_module(PACKAGE)
    yield package, package.Client(base_url="http://store.test").set_async_httpx_client(client)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


async def test_generated_client_walks_through_the_store(generated: tuple[ModuleType, Any]) -> None:
    """Creating, reading, changing, listing, filtering, walking and deleting work through generated functions and types."""
    _, store = generated
    create = _operation("products.handle_auto_create_product_products_post")
    change = _operation("products.handle_auto_update_product_products_id_patch")
    get = _operation("products.handle_auto_get_product_products_id_get")
    listing = _operation("products.handle_auto_list_product_products_get")
    delete = _operation("products.handle_auto_delete_product_products_id_delete")
    models = importlib.import_module(f"{PACKAGE}.models")

    body = models.ProductCreateInputRequest(sku="GEN-1", name="Lamp", category="generated", price_cents=4200)
    made = await create.asyncio(client=store, body=body)
    changed = await change.asyncio(made.id, client=store, body=models.ProductUpdateInputRequest(stock=3))
    read = await get.asyncio(made.id, client=store)
    found = await listing.asyncio(client=store, category="generated")
    first = await listing.asyncio(client=store, limit=1)
    second = await listing.asyncio(client=store, limit=1, after=first.next_cursor)
    gone = await delete.asyncio(made.id, client=store)

    assert ("GEN-1", 0, 3) == (made.sku, made.stock, changed.stock)
    assert changed == read
    assert [read] == found.items
    assert first.items[0].id != second.items[0].id
    assert gone is True


async def test_generated_client_reads_errors(generated: tuple[ModuleType, Any]) -> None:
    """A refusal arrives as the documented type, violations and all; a query that cannot run as a text."""
    _, store = generated
    models = importlib.import_module(f"{PACKAGE}.models")
    register = _operation("users.handle_create_user_use_case_users_post")
    get = _operation("users.handle_auto_get_user_users_id_get")
    listing = _operation("users.handle_auto_list_user_users_get")

    refused = await register.asyncio_detailed(
        client=store, body=models.CreateUserRequest(full_name=" ", email="nobody")
    )
    missing = await get.asyncio(2_000_000_000, client=store)
    malformed = await listing.asyncio(client=store, or_="(")

    assert 422 == refused.status_code
    assert ["full_name", "email"] == [violation.field for violation in refused.parsed.detail.violations]
    assert ("not_found", "User") == (missing.detail.code, missing.detail.entity)
    assert isinstance(malformed.detail, str)


def _operation(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.api.{name}")


def _generate(directory: Path) -> str:
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--path", "openapi.json"]
    command += ["--output-path", PACKAGE, "--meta", "none", "--config", "config.yml"]
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True, timeout=120)
    return ran.stdout + ran.stderr
