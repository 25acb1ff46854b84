"""How likely fair coins agree so often: the bound on false accusations."""


def chance(cells: int, agreed: int) -> float:
    """Return the chance that of *cells* fair coins at least *agreed* agree, exactly."""
    if agreed > cells:
        return 0.0
    ways = total = 1  # C(n, n); then one fewer each turn
    for k in range(cells, agreed, -1):
        ways = ways * k // (cells - k + 1)
        total += ways
    return total / (1 << cells)
