"""The store: pricing."""
