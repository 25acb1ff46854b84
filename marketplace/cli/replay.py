"""``databourse replay``: prove that the journal alone gives the recorded state."""

import click

from marketplace.config import Config
from marketplace.trading.replay import replay as run
from settlement import clock
from settlement.store import connect


@click.command()
def replay() -> None:
    """Rebuild the whole state from the journal and compare it with the records.

    Every command is applied again to an empty market. Its outcome, every row of every
    table that it leads to, and the digest of the state must be as recorded.
    """
    started = clock.elapsed_s()
    engine = connect(Config.from_environment().database_url)
    with engine.connect() as db, click.progressbar(
        length=_records(db), label="replaying", file=click.get_text_stream("stderr")
    ) as bar:
        found = run(db, lambda done: bar.update(done - bar.pos))
    engine.dispose()
    seconds = clock.elapsed_s() - started
    for difference in found.differences:
        click.secho(f"✗ {difference}", fg="red", err=True)
    if found.differences:
        raise SystemExit(1)
    click.secho(
        f"✓ {found.records} records give the recorded state, {found.rows} rows equal, "
        f"digest {found.replayed[:16]}… ({found.records / seconds:.0f} records/s)",
        fg="green",
    )
