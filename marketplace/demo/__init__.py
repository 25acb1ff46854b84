"""The demo market: believable, made from a seed, every order through the one door."""

from marketplace.demo.making import STEPS, Summary, build, is_built
from marketplace.demo.people import Login, logins

__all__ = ["STEPS", "Login", "Summary", "build", "is_built", "logins"]
