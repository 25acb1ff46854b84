"""``databourse log``: what was published of the journal, and proofs about it."""

from pathlib import Path

import click

from marketplace.config import Config
from marketplace.transparency import Log, verify
from settlement.clock import moment
from settlement.journal import read


@click.group()
def log() -> None:
    """Show the transparency log, and verify proofs from it.

    The journal's records are the leaves of a Merkle tree (RFC 6962); its size and root
    are signed every minute and kept outside the database. `databourse audit` compares
    all that was published with the records.
    """


@log.command()
def head() -> None:
    """Show the newest signed checkpoint and the key that verifies it."""
    found = Log(Config.from_environment().data)
    click.echo(found.note(), nl=False)
    click.secho(f"✓ {found.head().size} records; key {found.key}", fg="green")


@log.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", required=True, help="The log's public key, as it was published.")
def verify_proof(file: Path, key: str) -> None:
    """Verify the proof in FILE, without network or database.

    The proof of a trade is downloaded on the trade's page. Exit code 1 if it proves
    nothing.
    """
    shown = verify(file.read_bytes(), key)
    said = f"record {shown.record} is in the log of {shown.checkpoint.size} records"
    if shown.body is not None:
        entry = read(shown.body)
        at = moment(entry.at_us).isoformat().replace("+00:00", "Z")
        said += f": {entry.kind}, {entry.outcome[0]} at {at}"
    click.secho(f"✓ {said} ({shown.checkpoint.origin})", fg="green")
