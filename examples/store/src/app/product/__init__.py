"""The store: product."""
