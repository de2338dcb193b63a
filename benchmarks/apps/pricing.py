"""The arithmetic of the pricing preview, the same functions for every application."""

TAX_RATES = {"AT": 0.20, "DE": 0.19, "ES": 0.21, "FR": 0.20, "IE": 0.23, "PT": 0.23}
MAX_QUANTITY = 1000


def normal_country(country: str) -> str:
    """Return the country's code in capitals, without spaces."""
    return country.strip().upper()


def normal_email(email: str) -> str:
    """Return the address in small letters, without spaces."""
    return email.strip().lower()


def product(left: float, right: float) -> float:
    """Return the product: a price times a quantity, an amount times a rate."""
    return left * right


def discount_rate(quantity: int) -> float:
    """Return the share a quantity takes off."""
    return 0.1 if quantity >= 100 else 0.05 if quantity >= 10 else 0.0


def difference(left: float, right: float) -> float:
    """Return what remains of an amount."""
    return left - right


def tax_rate(country: str) -> float:
    """Return a country's rate; 0 where there is none, which a rule refuses."""
    return TAX_RATES.get(country, 0.0)


def total(left: float, right: float) -> float:
    """Return the sum of two amounts."""
    return left + right


def not_positive(value: float) -> bool:
    """Return whether a number is too small."""
    return value <= 0


def too_many(quantity: int) -> bool:
    """Return whether a quantity is more than one order may have."""
    return quantity > MAX_QUANTITY


def unsupported(country: str) -> bool:
    """Return whether there is no rate for a country."""
    return country not in TAX_RATES


def not_an_address(email: str) -> bool:
    """Return whether an e-mail address is none."""
    return "@" not in email
