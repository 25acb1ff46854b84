"""The demo market: believable, made from a seed, every order through the one door."""

from marketplace.demo.build import Summary, build, is_built
from marketplace.demo.people import Login, logins

__all__ = ["Login", "Summary", "build", "is_built", "logins"]
