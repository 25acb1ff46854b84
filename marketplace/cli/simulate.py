"""``databourse simulate``: a national market made up from a seed, as Parquet."""

import sys
from pathlib import Path

import click

from marketplace.config import Config
from settlement import clock
from settlement.statistics import simulation
from settlement.statistics.manifest import read_manifest
from settlement.statistics.warehouse import Warehouse


@click.group()
def simulate() -> None:
    """Make up a market that never was, for measuring and for practice."""


@simulate.command()
@click.option(
    "--trades",
    type=click.IntRange(1, simulation.TRADES_MAX),
    default=1_000_000,
    show_default=True,
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--to", "there", type=click.Path(path_type=Path), help="A directory.")
def market(trades: int, seed: int, there: Path | None) -> None:
    """Write the tape of a national market of two years, and compare it with 2024.

    SIMULATED: nothing in it happened. It is never written over a tape of real trades.
    The default directory is `simulated` in the data directory; ask it by
    WAREHOUSE_URL=duckdb:DIRECTORY.
    """
    directory = there or Config.from_environment().data / "simulated"
    held = read_manifest(directory)
    if held.days and not held.simulated:
        message = f"{directory} holds the tape of a real market"
        raise click.ClickException(message)
    begun = clock.elapsed_s()
    with click.progressbar(length=trades, label="simulating", file=sys.stderr) as bar:
        simulation.simulate(directory, trades, seed, bar.update)
    took = clock.elapsed_s() - begun
    warehouse = Warehouse(directory)
    targets = simulation.calibration(warehouse, trades)
    warehouse.close()
    for target in targets:
        mark = "✓" if target.is_met else "✗"
        click.echo(
            f"{mark} {target.zh} · {target.en}: {target.found:,.2f}"
            f" ({target.found / target.wanted - 1:+.2%} of {target.wanted:,.2f})"
        )
    click.echo(f"SIMULATED · 模拟数据: {trades:,} trades in {directory} ({took:.1f} s)")
