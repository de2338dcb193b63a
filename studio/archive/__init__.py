"""Recorded traces: kept in SQLite, found again by the search language, received from the app child."""
