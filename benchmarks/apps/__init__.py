"""The same API, four times. Each package's `build(url)` returns the ASGI application on that database.

| name | is |
|---|---|
| `loom_app` | declared: models, commands, use cases, one interface |
| `handwritten` | FastAPI, pydantic and the SQLAlchemy ORM |
| `litestar_app` | Litestar, msgspec and Advanced Alchemy |
| `floor` | no framework and no ORM: one statement per request, JSON made by the database |

Every one keeps `POOL_SIZE` connections, and no more.
"""

POOL_SIZE = 20
