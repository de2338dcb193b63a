"""A generated application: areas of three modules with two models and six routes each, all on top of one root module."""

from pathlib import Path

LEVELS = ("leaf", "middle", "model", "root")
AREA_MODULES = 3
AREA_MODELS = 2
AREA_ROUTES = 6

ROOT = 'TOKEN = "0"\nLENGTH = 120\n'

MODEL = """from app.root import LENGTH
from loom.core.model import BaseModel, ColumnField

TOKEN = "0"


class First{n}(BaseModel):
    __tablename__ = "first_{n}"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=LENGTH)
    price: float = ColumnField(default=0.0)
    note: str = ColumnField(default="")


class Second{n}(BaseModel):
    __tablename__ = "second_{n}"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=LENGTH)
    amount: int = ColumnField(default=0)
"""

COMMANDS = '''from app.models_{n} import First{n}
from loom.core.command import Command
from loom.core.use_case import F, Input, Rule
from loom.core.use_case.use_case import UseCase

TOKEN = "0"


class Create{n}(Command, frozen=True):
    title: str
    price: float = 0.0


class CreateFirst{n}(UseCase[First{n}, First{n}]):
    """Create one."""

    rules = [
        Rule.check(F(Create{n}).title, via=lambda title: not title.strip(), message="title must not be blank"),
        Rule.check(F(Create{n}).price, via=lambda price: price < 0, message="price must not be negative"),
    ]

    async def execute(self, cmd: Create{n} = Input()) -> First{n}:
        return await self.main_repo.create(cmd)
'''

INTERFACE = """from app.models_{n} import First{n}, Second{n}
from app.use_cases_{n} import CreateFirst{n}
from loom.rest.autocrud import build_auto_routes
from loom.rest.model import RestInterface, RestRoute

TOKEN = "0"


class First{n}Interface(RestInterface[First{n}]):
    prefix = "/first-{n}"
    routes = (
        RestRoute(use_case=CreateFirst{n}, method="POST", path="/", status_code=201),
        *build_auto_routes(First{n}, ("get", "list")),
    )


class Second{n}Interface(RestInterface[Second{n}]):
    prefix = "/second-{n}"
    routes = tuple(build_auto_routes(Second{n}, ("create", "get", "list")))
"""

MAIN = """from app import interfaces_0, models_0, root, use_cases_0
{imports}
from loom.rest.fastapi.auto import create_app

app = create_app(
    {{"app": {{"name": "generated"}}, "database": {{"url": "sqlite+aiosqlite:///generated.db"}}}},
    interfaces=[{names}],
)


@app.get("/probe")
async def probe() -> dict[str, str]:
    return {{"leaf": interfaces_0.TOKEN, "middle": use_cases_0.TOKEN, "model": models_0.TOKEN, "root": root.TOKEN}}
"""

FILE_OF = {"leaf": "interfaces_0.py", "middle": "use_cases_0.py", "model": "models_0.py", "root": "root.py"}


def generate(home: Path, modules: int) -> int:
    """Write an application of about `modules` modules into `home`; return how many it has, `main` and `root` left out."""
    areas = max(1, round(modules / AREA_MODULES))
    package = home / "app"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "root.py").write_text(ROOT)
    for number in range(areas):
        for name, text in (("models", MODEL), ("use_cases", COMMANDS), ("interfaces", INTERFACE)):
            (package / f"{name}_{number}.py").write_text(text.format(n=number))
    imports = "\n".join(f"from app.interfaces_{n} import First{n}Interface, Second{n}Interface" for n in range(areas))
    names = ", ".join(f"First{n}Interface, Second{n}Interface" for n in range(areas))
    (home / "main.py").write_text(MAIN.format(imports=imports, names=names))
    return areas * AREA_MODULES


def save_token(home: Path, level: str, token: str) -> None:
    """Save the module of `level` with another token, the way editors do: a complete new file over the old name."""
    file = home / "app" / FILE_OF[level]
    lines = [f'TOKEN = "{token}"' if line.startswith("TOKEN = ") else line for line in file.read_text().splitlines()]
    fresh = file.with_name(f".{file.name}.tmp")
    fresh.write_text("\n".join(lines) + "\n")
    fresh.replace(file)
