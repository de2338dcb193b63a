"""hello: one model, five routes."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
from fastapi import FastAPI

Load = Callable[[], FastAPI]
Serve = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]


async def test_round_trip(load_hello: Load, serve: Serve) -> None:
    """A note is created, read, listed, changed and deleted."""
    async with serve(load_hello()) as client:
        note = (await client.post("/notes/", json={"title": "Milk"})).json()
        url = f"/notes/{note['id']}"

        assert {"id": note["id"], "title": "Milk", "body": ""} == note
        assert note == (await client.get(url)).json()
        assert [note] == (await client.get("/notes/")).json()["items"]
        assert {**note, "body": "2 l"} == (await client.patch(url, json={"body": "2 l"})).json()
        assert (await client.delete(url)).json() is True
        assert [] == (await client.get("/notes/")).json()["items"]
