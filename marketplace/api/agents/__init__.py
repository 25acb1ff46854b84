"""The exchange for agents: the Model Context Protocol over one stateless address."""

from marketplace.api.agents.protocol import bp

__all__ = ["bp"]
