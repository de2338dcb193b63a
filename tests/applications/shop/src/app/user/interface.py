from __future__ import annotations

from loom.rest.model import RestInterface, RestRoute

from app.user.model import User
from app.user.use_cases import (
    CreateUserUseCase,
    DeleteUserUseCase,
    GetUserUseCase,
    ListUsersUseCase,
    UpdateUserUseCase,
)


class UserRestInterface(RestInterface[User]):
    prefix = "/users"
    tags = ("Users",)
    routes = (
        RestRoute(use_case=CreateUserUseCase, method="POST", path="/", status_code=201, summary="Create user"),
        RestRoute(use_case=ListUsersUseCase, method="GET", path="/", summary="List users"),
        RestRoute(use_case=GetUserUseCase, method="GET", path="/{user_id}", summary="Get user"),
        RestRoute(use_case=UpdateUserUseCase, method="PATCH", path="/{user_id}", summary="Update user"),
        RestRoute(use_case=DeleteUserUseCase, method="DELETE", path="/{user_id}", summary="Delete user"),
    )
