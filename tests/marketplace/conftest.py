"""The visitors of the tests that need a whole application."""

from tests.visitors import app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "visit"]
