"""Who was forgotten, as the market remembers it."""


class Erasures:
    """The persons that were erased, and what was decided since the last drain."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.persons: set[int] = set()
        self.new: list[tuple[object, ...]] = []
