"""The core: models, commands, use cases, plans and their execution. It knows no web framework and no broker."""
