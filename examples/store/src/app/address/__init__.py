"""The store: address."""
