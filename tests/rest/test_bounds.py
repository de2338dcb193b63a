"""Column bounds on bodies: checked where a field is written as it was sent."""

import pytest

from loom.core.command import Command
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import Compute, F, Input, UseCase
from loom.rest.model import RestInterface, RestRoute
from loom.testing import HttpTestHarness, InMemoryRepository


class Place(BaseModel):
    __tablename__ = "places"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    country: str = ColumnField(length=2)
    city: str = ColumnField(length=5)


class AddPlace(Command, frozen=True):
    country: str
    city: str


class AddPlaceUseCase(UseCase[Place, Place]):
    computes = (Compute.set(F(AddPlace).country).from_command(F(AddPlace).country, via=str.strip),)

    async def execute(self, cmd: AddPlace = Input()) -> Place:
        return await self.main_repo.create(cmd)


class PlaceInterface(RestInterface[Place]):
    prefix = "/places"
    routes = (RestRoute(use_case=AddPlaceUseCase, method="POST", path="/", status_code=201),)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"country": " PT ", "city": "Porto"}, 201),
        ({"country": "PT", "city": "Lisboa"}, 422),
    ],
)
def test_a_field_that_a_compute_sets_has_the_bounds_of_what_is_written(body: dict[str, str], status: int) -> None:
    """What a compute normalises may be longer on the wire than its column; any other field may not."""
    harness = HttpTestHarness()
    harness.inject_repo(Place, InMemoryRepository(Place))

    assert harness.build_app([PlaceInterface]).post("/places/", json=body).status_code == status
