"""Alembic's scripts: how a registry of an older release becomes one of this release."""
