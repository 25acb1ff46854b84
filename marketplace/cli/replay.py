"""``databourse replay``: prove that the journal alone gives the recorded state."""

import sys

import click
from sqlalchemy import func, inspect, select

from marketplace.config import Config
from marketplace.trading.replay import Replay
from marketplace.trading.replay import replay as run
from settlement import clock
from settlement.invariants import snapshot
from settlement.store import connect
from settlement.tables import journal


@click.command()
def replay() -> None:
    """Rebuild the whole state from the journal and compare it with the records.

    Every command is applied again to an empty market. Its outcome, every row of every
    table that it leads to, and the digest of the state must be as recorded. Each
    difference is named in a sentence, and the exit code is then 1.
    """
    started = clock.elapsed_s()
    found = _run()
    seconds = clock.elapsed_s() - started
    for difference in found.differences:
        click.secho(f"✗ {difference}", fg="red", err=True)
    if found.differences:
        raise SystemExit(1)
    click.secho(
        f"✓ {found.records} records give the recorded state: {found.rows} rows equal,"
        f" digest {found.replayed[:16]}… ({found.records / seconds:.0f} records/s)",
        fg="green",
    )


def _run() -> Replay:
    """Replay one moment of the records, with a bar that shows how far it is."""
    engine = connect(Config.from_environment().database_url)
    if not inspect(engine).has_table("journal"):
        where = engine.url.render_as_string(hide_password=True)
        engine.dispose()
        message = f"there is no exchange at {where}"
        raise click.ClickException(message)
    with snapshot(engine) as db:
        length = db.execute(select(func.count(journal.c.seq))).scalar_one()
        with click.progressbar(
            length=length, label="replaying", file=sys.stderr
        ) as bar:
            found = run(db, lambda done: bar.update(done - bar.pos))
    engine.dispose()
    return found
