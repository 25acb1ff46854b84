"""Marking of what is to be translated, for modules that know nothing else."""


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for "translate it later")
    """Mark *text* for the translators; whoever prints it calls gettext."""
    return text
