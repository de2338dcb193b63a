"""Repositories: how entities are read and written. `abc` has the contracts, `sqlalchemy` and `memory` the adapters."""
