"""Approvals inside a member: what its users want beyond a limit waits for a second one.

A request is kept outside the market, so nothing is held while it waits. Approved, the
very command that was asked for goes through the one door under its own key: however
often two colleagues press the button, it happens once, for at most what was asked.
"""
