"""The studio on a made-up shop, to work on its pages: `python -m studio.demo --scene stale`. Runs no user code.

`reload` in the studio plays the next build of the story, so that every live update can be seen. Nothing here is used by
`loom dev`.
"""

import asyncio
import inspect
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from msgspec.structs import replace

from loom.core.engine.plan import CommandField, CommandShape, Plan, PlanKind, Source, Step, StepKind
from loom.core.engine.source import digest
from loom.core.errors import Diagnostic
from studio.demo_traces import traces_of, ugly_traces
from studio.events import Failure, Frame
from studio.pages import PAGES
from studio.snapshot import Column, Model, Route, Snapshot
from studio.store import AppState, Build, Store
from studio.web.app import create_studio

ROOT = Path(__file__).parents[1]
HERE = str(Path(__file__))
APP_URL = "http://127.0.0.1:8000/"
ARABIC_EMOJI = "يجب أن يكون البريد صالحًا 🧵🪡 and a long tail of words that has to wrap somewhere"
HOSTILE = "<script>alert('x')</script> \u202egnp.exe <img src=x onerror=alert(1)>"


Outcome = Callable[[], Snapshot | Failure]
"""How a build of the story ends."""


def step(kind: StepKind, id_: str, label: str, **more: object) -> Step:
    """Return a step with its source and hash filled in."""
    values = {"detail": "", "reads": (), "writes": (), **more}
    code = str(values.pop("code", ""))
    source = Source(module="shop.rules", file=HERE, line=40 + len(label), code=code) if code else None
    hashed = digest(id_.partition(":")[0], label, str(sorted(values.items())), code)
    return Step(id=id_, kind=kind, label=label, source=source, hash=hashed, **values)  # type: ignore[arg-type]  # by name


def rule(number: int, label: str, field: str, **more: object) -> Step:
    """Return a rule that reads one field of the command."""
    name = "".join(char if char.isalnum() and char.isascii() else "_" for char in label)[:40]
    code = f"def {name}({field}: str) -> str | None:\n    return None if {field} else {label!r}"
    given = {"detail": "check", "reads": (f"cmd.{field}",), "on_failure": f"422 {field}", "attrs": {"field": field}}
    return step(StepKind.RULE, f"rule:{number}", label, code=code, **given | more)


def compute(number: int, field: str, how: str, *reads: str) -> Step:
    """Return a compute that derives `field`."""
    code = f"Compute.set(F(PlaceOrder).{field}).via(lambda {', '.join(reads)}: {how})"
    given = {"detail": how, "reads": tuple(f"cmd.{name}" for name in reads), "writes": (f"cmd.{field}",)}
    return step(StepKind.COMPUTE, f"compute:{number}", field, code=code, **given)


def make_plan(name: str, doc: str, steps: list[Step], *fields: str, **more: object) -> Plan:
    """Return a plan whose last step is `execute`."""
    head: list[Step] = []
    shape = None
    if fields:
        known = tuple(CommandField(name=f, wire=f, type="str", required=True) for f in fields)
        shape = CommandShape(name=name.removesuffix("UseCase"), param="cmd", fields=known)
        writes = ("cmd", *(f"cmd.{f}" for f in fields))
        head = [step(StepKind.INPUT, "input:cmd", "cmd", detail=shape.name, writes=writes, on_failure="422 by field")]
    params = [s for s in steps if s.kind is StepKind.PARAM]
    loaded = tuple(v for s in steps if s.kind is not StepKind.COMPUTE for v in s.writes)
    code = "async def execute(self, ...) -> Order:\n    order = await self.main_repo.create(cmd)\n    return order"
    last = step(StepKind.EXECUTE, "execute", "execute", reads=(*loaded, *(("cmd",) if fields else ())), code=code)
    every = (*params, *head, *(s for s in steps if s.kind is not StepKind.PARAM), last)
    source = Source(
        module="shop.orders", file=HERE, line=60, code=f'class {name}(UseCase[Order, Order]):\n    """{doc}"""'
    )
    values = {"returns": "Order", "model": "Order", "command": shape, "hash": digest(*(s.hash for s in every)), **more}
    return Plan(name=name, key=f"shop.orders:{name}", doc=doc, steps=every, source=source, **values)  # type: ignore[arg-type]  # by name


def param(name: str) -> Step:
    """Return a path parameter."""
    return step(StepKind.PARAM, f"param:{name}", name, detail="int", writes=(name,), on_failure="422 wrong type")


def load(name: str, entity: str, by: str) -> Step:
    """Return a load by a parameter or a field."""
    given = {"detail": f"{entity} by {by}", "reads": (by,), "writes": (name,), "on_failure": f"404 {entity} not found"}
    return step(StepKind.LOAD, f"load:{name}", name, attrs={"entity": entity, "profile": "default"}, **given)


def exists(name: str, entity: str, by: str) -> Step:
    """Return an existence check."""
    return step(
        StepKind.EXISTS, f"exists:{name}", name, detail=f"any {entity}, {by}", reads=(f"cmd.{by}",), writes=(name,)
    )


def shop() -> Snapshot:
    """Return the app of the story."""
    place = make_plan(
        "PlaceOrderUseCase",
        "Place an order for a customer: prices come from the catalogue, tax from the country of delivery.",
        [
            param("customer_id"),
            load("customer", "Customer", "customer_id"),
            exists("coupon_known", "Coupon", "coupon"),
            compute(1, "email", "email.strip().lower()", "email"),
            compute(2, "subtotal", "price * quantity", "price", "quantity"),
            compute(3, "tax_rate", "TAX_RATES[country]", "country"),
            compute(4, "tax_amount", "subtotal * tax_rate", "subtotal", "tax_rate"),
            rule(1, "quantity must be above zero", "quantity"),
            rule(2, "email must be valid", "email"),
            rule(3, "we deliver to this country", "country"),
            rule(4, "coupon is known", "coupon", reads=("coupon_known", "cmd.coupon"), when="coupon is present"),
            rule(5, "customer may still buy on credit", "subtotal", reads=("customer", "cmd.subtotal")),
        ],
        *("email", "price", "quantity", "country", "coupon", "subtotal", "tax_rate", "tax_amount"),
    )
    get = [param("order_id"), load("order", "Order", "order_id")]
    plans = (
        place,
        make_plan("GetOrderUseCase", "Return one order with its lines.", get, read_only=True),
        make_plan("ListOrdersUseCase", "List the latest orders.", [], read_only=True, returns="Page[Order]"),
        make_plan(
            "ChangeOrderUseCase",
            "Change what is not shipped yet.",
            [*get, rule(1, "quantity must be above zero", "quantity", when="quantity is present")],
            "quantity",
        ),
        make_plan("CancelOrderUseCase", "Cancel an order and give the stock back.", get, returns="None"),
        make_plan("OpenBasketUseCase", "Return the basket of whoever asks.", [], read_only=True, returns="Basket"),
        make_plan(
            "SendReceiptJob", "Send the receipt by e-mail.", get, kind=PlanKind.JOB, queue="mail", returns="None"
        ),
    )
    routes = (
        make_route("POST", "/customers/{customer_id}/orders/", plans[0], "OrderInterface", 201),
        make_route("GET", "/orders/", plans[2], "OrderInterface"),
        make_route("GET", "/orders/{order_id}", plans[1], "OrderInterface"),
        make_route("GET", "/orders/basket", plans[5], "OrderInterface"),
        make_route("PATCH", "/orders/{order_id}", plans[3], "OrderInterface"),
        make_route("DELETE", "/orders/{order_id}", plans[4], "OrderInterface", 204),
    )
    columns = tuple(Column(name=n, type="INTEGER", python_type="int") for n in ("id", "customer_id", "quantity"))
    order = Model(name="Order", key="shop.models:Order", table="orders", columns=columns)
    about = {"app": "shop", "version": "1.4.0", "python": "3.11.7", "loom": "0.1.0", "root": str(ROOT)}
    return _sealed(
        Snapshot(routes=routes, plans=plans, models=(order,), database="sqlite+aiosqlite:///shop.db", **about)
    )


def make_route(method: str, path: str, plan: Plan, interface: str, status: int = 200) -> Route:
    """Return a route that runs `plan`."""
    about = {"summary": plan.doc, "status": status, "source": plan.source, "tags": ("Orders",)}
    return Route(method=method, path=path, use_case=plan.name, plan=plan.key, interface=interface, **about)  # type: ignore[arg-type]  # by name


def ugly(base: Snapshot) -> Snapshot:
    """Return `base` with everything that breaks layouts: long paths, many rules, other scripts, hostile text."""
    many = [rule(n, f"rule number {n} holds for every line of the order", f"f{n % 9}") for n in range(1, 39)]
    many += [rule(39, ARABIC_EMOJI, "f1", when=ARABIC_EMOJI), rule(40, HOSTILE, "f2", when=HOSTILE)]
    fields = tuple(f"f{n}" for n in range(9))
    heavy = make_plan("ImportEverythingFromTheOldWarehouseSystemNightlyUseCase", ARABIC_EMOJI, many, *fields)
    hostile = make_plan("HostileUseCase", HOSTILE, [param("a" * 90), load(HOSTILE, HOSTILE, "a" * 90)], returns=HOSTILE)
    long_path = "/" + "/".join("segment-of-a-path" for _ in range(16)) + "/{id}"
    routes = (
        make_route("GET", long_path, heavy, "A" * 60),
        make_route("PATCH", "/مرحبا/🧵/{id}", hostile, ""),
        make_route("POST", "/" + HOSTILE, hostile, HOSTILE),
    )
    return _sealed(replace(base, app=HOSTILE, plans=(*base.plans, heavy, hostile), routes=(*base.routes, *routes)))


def broken_import() -> Failure:
    """Return a failure at a line of the user's own."""
    line = inspect.getsourcelines(shop)[1]
    code = "\n".join(Path(HERE).read_text().splitlines()[line - 1 : line + 6])
    own = Frame(file=HERE, line=line + 3, function="<module>", code=code, first_line=line, own=True)
    library = Frame(file="/usr/lib/python3.11/importlib/__init__.py", line=126, function="import_module")
    message = "cannot import name 'PlaceOrdr' from 'shop.orders'"
    return Failure(
        phase="import",
        title="ImportError",
        message=message,
        frames=(own, library),
        hint="did you mean 'PlaceOrder'?",
    )


def broken_rules() -> Failure:
    """Return every problem of a compilation at once."""
    found = (
        ("rule 2 reads cmd.emial, which PlaceOrder does not have", "rules[1]", "did you mean 'email'?"),
        ("compute tax_amount reads cmd.subtotal before compute 3 sets it", "computes[0]", "move it below `subtotal`"),
        (
            "load customer is looked up by customer, which is no parameter",
            "execute(customer)",
            "did you mean 'customer_id'?",
        ),
    )
    problems = tuple(
        Diagnostic(
            code="unknown_field", message=text, file=HERE, line=70 + i, where=f"PlaceOrderUseCase > {where}", hint=hint
        )
        for i, (text, where, hint) in enumerate(found)
    )
    message = f"{len(problems)} problems in the declarations"
    frames = broken_import().frames[:1]
    return Failure(phase="compile", title="CompilationError", message=message, diagnostics=problems, frames=frames)


def later(base: Snapshot) -> Snapshot:
    """Return `base` after an afternoon of work on `PlaceOrderUseCase`."""
    old = base.plans[0]
    steps = [replace(s, hash=digest(s.hash, "new")) if s.id in {"rule:2", "compute:3"} else s for s in old.steps]
    steps.insert(-1, rule(6, "basket is not empty", "quantity"))
    plan = replace(old, steps=tuple(steps), hash=digest(old.hash, "new"))
    model = replace(
        base.models[0], columns=(*base.models[0].columns, Column(name="note", type="TEXT", python_type="str"))
    )
    extra = make_route("POST", "/orders/{order_id}/receipt", base.plans[6], "OrderInterface", 202)
    return _sealed(replace(base, plans=(plan, *base.plans[1:]), models=(model,), routes=(*base.routes, extra)))


def _sealed(snapshot: Snapshot) -> Snapshot:
    parts = [*(plan.hash for plan in snapshot.plans), *(route.path for route in snapshot.routes)]
    return replace(snapshot, revision=digest(*parts, *(str(model) for model in snapshot.models)))


class Story:
    """Plays builds into a store; the `Controls` of the demo."""

    def __init__(self, store: Store) -> None:
        self._store = store
        outcomes: tuple[Outcome, ...] = (lambda: later(shop()), broken_import, shop, broken_rules, lambda: ugly(shop()))
        self._next = cycle(outcomes)

    async def reload(self) -> None:
        """Play the next build of the story, half a second long."""
        self._store.set_status(AppState.RELOADING, pid=4242)
        await asyncio.sleep(0.5)
        self.play(next(self._next)())

    async def open_in_editor(self, file: str, line: int) -> None:
        """Open nothing: the demo has no editor."""
        raise LookupError(f"the demo opens no editor ({Path(file).name}:{line})")

    def play(
        self, outcome: Snapshot | Failure, *, age: timedelta = timedelta(), trigger: str = "src/shop/orders.py"
    ) -> None:
        """Record a build that ends in `outcome` and enter the state it leads to."""
        good = isinstance(outcome, Snapshot)
        number = self._store.next_build_number()
        build = Build(
            number=number,
            at=datetime.now(UTC) - age,
            trigger=(trigger if number > 1 else "start",),
            snapshot=outcome if isinstance(outcome, Snapshot) else None,
            failure=None if isinstance(outcome, Snapshot) else outcome,
            total_ms=93.0 + 7 * number,
            import_ms=61.0 if good else 0.0,
            compile_ms=8.4 if good else 0.0,
            startup_ms=24.0 if good else 0.0,
        )
        self._store.record(build)
        serving = self._store.serving is not None
        state = AppState.READY if good else AppState.STALE if serving else AppState.DOWN
        self._store.set_status(state, url=APP_URL, pid=4242 if serving else 0, failure=build.failure)


SCENES: dict[str, tuple[Outcome, ...]] = {
    "starting": (),
    "empty": (lambda: Snapshot(app="hello", root=str(ROOT), revision="0"),),
    "ready": (shop, broken_import, lambda: later(shop())),
    "stale": (shop, lambda: later(shop()), broken_import),
    "compile": (shop, broken_rules),
    "down": (broken_import,),
    "ugly": (shop, lambda: ugly(shop())),
}


def fill(store: Store, scene: str) -> Story:
    """Put `scene` into `store` and return the story that goes on from there."""
    store.set_status(AppState.STARTING, url=APP_URL)
    story = Story(store)
    if scene not in {"starting", "empty", "down"}:
        plans = {plan.name: plan for plan in shop().plans}
        store.traces.keep_plans(plans.values())
        store.traces.add(traces_of(plans["PlaceOrderUseCase"], plans["SendReceiptJob"], HERE))
    if scene == "ugly":
        store.traces.add(ugly_traces(HOSTILE, ARABIC_EMOJI))
    builds = SCENES[scene]
    for index, outcome in enumerate(builds):
        story.play(outcome(), age=timedelta(minutes=4 * (len(builds) - index - 1)))
    return story


def main(
    scene: Annotated[str, typer.Option(help=f"one of {', '.join(SCENES)}")] = "ready",
    port: Annotated[int, typer.Option(help="port on this machine")] = 8799,
    token: Annotated[str, typer.Option(help="key of the studio; random where none is given")] = "",
) -> None:
    """Serve the studio on a made-up shop."""
    token = token or secrets.token_urlsafe(32)
    store = Store()
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    studio = create_studio(store=store, controls=fill(store, scene), token=token, hosts=hosts, pages=PAGES)
    sys.stdout.write(f"http://127.0.0.1:{port}/#k={token}\n")
    sys.stdout.flush()
    uvicorn.run(studio, host="127.0.0.1", port=port, http="h11", log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    typer.run(main)
