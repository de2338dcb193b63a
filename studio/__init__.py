"""The studio: a live picture of a compiled loom app, served beside it by `loom dev` and never inside it."""
