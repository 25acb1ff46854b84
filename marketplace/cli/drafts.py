"""``databourse drafts``: a vendor's own catalogue, in any format or table."""

import json
from pathlib import Path

import click

from listings.files import Storage
from listings.formats.documents import DOCUMENT_MAX
from listings.intake import intakes
from listings.intake.intakes import Outcome
from listings.intake.recognition import entries, recognise, suggested
from marketplace import migrations
from marketplace.config import Config
from marketplace.members import organisations
from marketplace.spreadsheet import as_csv
from settlement import ids
from settlement.store import connect

OPERATOR = 0
NAMES = ("place", "title", "outcome", "product", "remarks")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--vendor", required=True, metavar="MEMBER", help="mem_…, the owner.")
@click.option("--form", default="", help="What it is: table, ttl, ckan.json, …")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON: column → field, for what is not recognised rightly.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would become of it.")
@click.option(
    "--outcome",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what became of every entry to this CSV file.",
)
def drafts(
    file: Path,
    vendor: str,
    form: str,
    mapping: Path | None,
    *,
    dry_run: bool,
    outcome: Path | None,
) -> None:
    """Make drafts of what FILE describes, a table or one of the formats, for MEMBER.

    An entry is known by the file's name and its number there: the same file again
    changes nothing, and what its vendor has edited since is left alone. Exits with 1
    if an entry was refused.
    """
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    member, data = ids.decode("member", vendor), file.read_bytes()
    known = recognise(data, form)
    fields = suggested(known.table) if known.table else {}
    if mapping is not None:
        fields |= {
            str(k): str(v) for k, v in json.loads(mapping.read_text("utf-8")).items()
        }
    intakes.refuse_mapping(fields)
    total = sum(1 for _ in entries(data, known, fields))
    with file.open("rb") as stream:
        stored = Storage(config.files_url).put(stream, DOCUMENT_MAX)
    engine = connect(config.database_url, write=True)
    made: list[Outcome] = []
    try:
        with engine.begin() as db:
            organisations.get(db, member)
            number = intakes.begin(
                db, member, OPERATOR, file.name, stored.key, known, fields, total
            )
            intake = intakes.get(db, number, member)
            if dry_run:
                made = intakes.preview(db, intake, data, known)
                db.rollback()
        with click.progressbar(length=total, label="entries") as bar:
            while not dry_run and intake.state != "done":
                with engine.begin() as db:
                    made += (step := intakes.step(db, intake, data, known))
                    intake = intakes.get(db, number, member)
                bar.update(len(step))
    finally:
        engine.dispose()
    _say(made, known.form, outcome)


def _say(made: list[Outcome], form: str, outcome: Path | None) -> None:
    if outcome is not None:
        outcome.write_text("\ufeff" + as_csv(NAMES, map(_line, made)), "utf-8")
    counts = intakes.counted(made)
    for line in [line for line in made if line.outcome == "refused"][:20]:
        remarks = "; ".join(text for _, text in line.remarks)
        click.echo(f"refused: {line.place} {line.title}: {remarks}", err=True)
    said = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    mark, colour = ("✗", "red") if counts["refused"] else ("✓", "green")
    click.secho(f"{mark} {len(made):,} entries ({form}): {said}", fg=colour)
    if counts["refused"]:
        raise SystemExit(1)


def _line(line: Outcome) -> list[str]:
    product = ids.encode("product", line.product) if line.product else ""
    said = (f"{name}: {text}" if name else text for name, text in line.remarks)
    return [line.place, line.title, line.outcome, product, "; ".join(said)]
