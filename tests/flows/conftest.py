"""The visitors of the flow tests."""

from tests.visitors import app, bearer, config, migrated, parts, people, visit

__all__ = ["app", "bearer", "config", "migrated", "parts", "people", "visit"]
