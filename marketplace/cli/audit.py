"""``databourse audit``: prove from the stored records that everything adds up."""

import sys

import click
from sqlalchemy import inspect

from marketplace import auditing
from marketplace.auditing import Outcome
from marketplace.config import Config
from marketplace.transparency import Log
from settlement import clock
from settlement.invariants import CHECKS, Progress
from settlement.store import connect

NAMED_MAX = 100  # violations said one by one; more are counted


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing when everything holds.")
@click.option(
    "--record", is_flag=True, help="Keep the outcome, as the close of a month needs it."
)
def audit(*, quiet: bool, record: bool) -> None:
    """Prove from the stored records that everything adds up.

    Money and rights neither appear nor vanish; balances are what the transfers make
    them; holds are what waiting orders and payouts need; trades kept price, time and
    limits; each trade was delivered and paid, or neither; each right comes from a trade
    or a grant; the journal is whole, is what was published of it, and nothing
    happened without it. The checks read one moment of the records with SQL of their
    own, while the exchange may go on.

    Each violation is named in a sentence, and the exit code is then 1.
    """
    started = clock.elapsed_s()
    outcome = _run(quiet=quiet)
    found = outcome.found
    if record:
        _keep(outcome)
    for violation in found[:NAMED_MAX]:
        click.secho(f"✗ {violation.code}: {violation.sentence}", fg="red", err=True)
    if len(found) > NAMED_MAX:
        click.secho(f"✗ and {len(found) - NAMED_MAX} more", fg="red", err=True)
    if found:
        raise SystemExit(1)
    if not quiet:
        seconds = clock.elapsed_s() - started
        click.secho(
            f"✓ {len(CHECKS) + 1} checks hold over {outcome.rows} rows"
            f" ({seconds:.1f} s)",
            fg="green",
        )


def _run(*, quiet: bool) -> Outcome:
    """Return what the checks find."""
    config = Config.from_environment()
    engine = connect(config.database_url)
    if not inspect(engine).has_table("journal"):
        where = engine.url.render_as_string(hide_password=True)
        engine.dispose()
        message = f"there is no exchange at {where}"
        raise click.ClickException(message)
    with click.progressbar(
        length=len(CHECKS) + 1,
        label="auditing",
        file=sys.stderr,
        hidden=quiet,
        item_show_func=lambda title: title,
    ) as bar:

        def report(progress: Progress) -> None:
            bar.update(progress.done - bar.pos, progress.title[:50])

        outcome = auditing.examine(engine, Log(config.data), report)
        bar.update(1, "")
    engine.dispose()
    return outcome


def _keep(outcome: Outcome) -> None:
    """Write down what was found."""
    engine = connect(Config.from_environment().database_url, write=True)
    with engine.begin() as db:
        auditing.keep(db, outcome)
    engine.dispose()
