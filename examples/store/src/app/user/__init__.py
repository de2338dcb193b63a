"""The store: user."""
