"""The visitors of the flow tests."""

from tests.visitors import app, bearer, config, parts, people, tell, visit

__all__ = ["app", "bearer", "config", "parts", "people", "tell", "visit"]
