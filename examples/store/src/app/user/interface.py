"""Users over HTTP."""

from app.user.model import User
from app.user.use_cases import (
    CreateUserUseCase,
    DeleteUserUseCase,
    GetUserUseCase,
    ListUsersUseCase,
    UpdateUserUseCase,
)
from loom.rest.model import RestInterface, RestRoute


class UserRestInterface(RestInterface[User]):
    """Create, read, list, change and delete users."""

    prefix = "/users"
    tags = ("Users",)
    routes = (
        RestRoute(use_case=CreateUserUseCase, method="POST", path="/", status_code=201),
        RestRoute(use_case=ListUsersUseCase, method="GET", path="/"),
        RestRoute(use_case=GetUserUseCase, method="GET", path="/{user_id}"),
        RestRoute(use_case=UpdateUserUseCase, method="PATCH", path="/{user_id}"),
        RestRoute(use_case=DeleteUserUseCase, method="DELETE", path="/{user_id}"),
    )
