"""What may be published."""

from settlement.statistics.disclosure import withhold

COLUMNS = ("sector", "turnover", "parties")


def test_a_cell_of_three_parties_is_published() -> None:
    rows = [("finance", 100, 3)]
    assert withhold(COLUMNS, rows, ("turnover",)) == (rows, 0)


def test_a_cell_of_two_parties_keeps_its_name_and_loses_its_figures() -> None:
    rows = [("finance", 100, 3), ("transport", 7, 2), ("health", 5, 1)]
    assert withhold(COLUMNS, rows, ("turnover",)) == (
        [("finance", 100, 3), ("transport", None, None), ("health", None, None)],
        2,
    )


def test_market_data_is_public_trade_by_trade() -> None:
    rows = [(0, 12)]
    assert withhold(("begins_us", "open"), rows, ()) == (rows, 0)
