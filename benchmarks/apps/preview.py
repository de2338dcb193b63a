"""The pricing preview as plain code, for the two applications on an ORM: nine derivations, five judgements."""

from dataclasses import dataclass
from typing import Protocol

from benchmarks.apps import pricing


class Order(Protocol):
    """What is bought and where it goes."""

    email: str
    country: str
    unit_price: float
    quantity: int


@dataclass(frozen=True, slots=True)
class Price:
    """What an order costs."""

    country: str
    contact: str
    subtotal: float
    discount: float
    tax_rate: float
    tax: float
    total: float


def price_of(order: Order) -> Price:
    """Return what `order` costs."""
    country = pricing.normal_country(order.country)
    subtotal = pricing.product(order.unit_price, order.quantity)
    discount = pricing.product(subtotal, pricing.discount_rate(order.quantity))
    taxable = pricing.difference(subtotal, discount)
    rate = pricing.tax_rate(country)
    tax = pricing.product(taxable, rate)
    contact = pricing.normal_email(order.email)
    return Price(country, contact, subtotal, discount, rate, tax, pricing.total(taxable, tax))


def violations(order: Order, price: Price) -> list[dict[str, str]]:
    """Return everything wrong with `order`, by field."""
    checks = (
        ("unit_price", "unit_price must be > 0", pricing.not_positive(order.unit_price)),
        ("quantity", "quantity must be > 0", pricing.not_positive(order.quantity)),
        ("quantity", "quantity is too large", pricing.too_many(order.quantity)),
        ("country", "unsupported country", pricing.unsupported(price.country)),
        ("email", "email must be valid", pricing.not_an_address(order.email)),
    )
    return [{"field": field, "message": message} for field, message, bad in checks if bad]
