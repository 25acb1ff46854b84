"""What Alembic runs: compare and migrate through one connection of ours."""

import os
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from marketplace.schema import metadata
from settlement import store


def render(kind: str, thing: Any, _autogenerate: Any) -> str | Literal[False]:
    """Render our one integer type by its name, which the revision defines."""
    return "Whole" if kind == "type" and thing is store.Whole else False


def migrate(db: Connection) -> None:
    """Run what was asked for: upgrade, check or the comparison for a revision."""
    context.configure(
        connection=db,
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
        render_item=render,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Use the connection that was handed over, or the DATABASE_URL of the shell."""
    if (db := context.config.attributes.get("connection")) is not None:
        migrate(db)
        return
    engine = store.connect(os.environ["DATABASE_URL"], write=True)
    try:
        with engine.begin() as db:
            migrate(db)
    finally:
        engine.dispose()


main()
