"""How long compiling takes, and whether it grows with the number of use cases and no faster.

python -m benchmarks.compile_time           # 50, 100, 200 and 400 use cases
"""

import argparse
import gc
import time
from statistics import median
from typing import Any

from benchmarks.apps.loom_app.models import Note, Record
from loom.core.command import Command
from loom.core.engine import UseCaseCompiler
from loom.core.use_case import Compute, Exists, F, Input, LoadById, Rule, UseCase

COUNTS = (50, 100, 200, 400)


def use_cases(count: int) -> list[type[Any]]:
    """Return `count` new use cases, each with a command, two computes, three rules, a load and a check."""
    return [_use_case(number) for number in range(count)]


def compile_ms(count: int, rounds: int = 5) -> float:
    """Return the median of `rounds` compilations of `count` new use cases each."""
    taken: list[float] = []
    for _ in range(rounds):
        fresh = use_cases(count)
        gc.collect()
        started = time.perf_counter()
        problems = UseCaseCompiler().compile_all(fresh)
        taken.append((time.perf_counter() - started) * 1000)
        assert not problems
    return median(taken)


def main() -> None:
    """Print a line for each count."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compile_time")
    parser.add_argument("counts", type=int, nargs="*", default=COUNTS)
    for count in parser.parse_args().counts:
        taken = compile_ms(count)
        print(f"{count:5} use cases {taken:8.1f} ms {taken / count:7.3f} ms each")


def _use_case(number: int) -> type[Any]:
    class Order(Command, frozen=True):
        record_id: int
        price: float
        quantity: int = 1
        total: float = 0.0

    class PlaceOrder(UseCase[Record, Record]):
        """Place an order."""

        computes = (
            Compute.set(F(Order).quantity).from_command(F(Order).quantity, via=abs),
            Compute.set(F(Order).total).from_command(F(Order).price, F(Order).quantity, via=lambda p, q: p * q),
        )
        rules = (
            Rule.check(F(Order).price, via=lambda price: price <= 0, message="price must be > 0"),
            Rule.check(F(Order).quantity, via=lambda quantity: quantity > 100, message="too many"),
            Rule.forbid(lambda _, __, noted: noted, message="has notes").from_params("noted"),
        )

        async def execute(
            self,
            id: int,  # noqa: A002 - the path parameter's name
            cmd: Order = Input(),
            record: Record = LoadById(Record, by="id"),
            noted: bool = Exists(Note, from_command="record_id", against="record_id"),
        ) -> Record:
            return record

    PlaceOrder.__name__ = PlaceOrder.__qualname__ = f"PlaceOrder{number}"
    return PlaceOrder


if __name__ == "__main__":
    main()
