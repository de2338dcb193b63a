"""loom: declare typed use cases, compile them into plans that are data, look at them, run them."""

__version__ = "0.1.0"
