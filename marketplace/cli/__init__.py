"""The ``databourse`` command; each of its commands is a file, loaded when used."""

from importlib import import_module

import click

from settlement.errors import Refusal

# command → where it is; `match` must not wait for Flask to be imported
COMMANDS = {
    "serve": "marketplace.cli.serve:serve",
    "demo": "marketplace.cli.demo:demo",
    "import": "marketplace.cli.imports:import_",
    "reindex": "marketplace.cli.reindex:reindex",
    "measure": "marketplace.cli.measure:measure",
    "match": "marketplace.cli.match:match",
    "audit": "marketplace.cli.audit:audit",
    "replay": "marketplace.cli.replay:replay",
    "log": "marketplace.cli.log:log",
    "export": "marketplace.cli.export:export",
    "catalogue": "marketplace.cli.catalogue:catalogue",
    "drafts": "marketplace.cli.drafts:drafts",
    "listing": "marketplace.cli.listing:listing",
    "member": "marketplace.cli.member:member",
    "key": "marketplace.cli.key:key",
    "retention": "marketplace.cli.retention:retention",
    "odrl": "marketplace.cli.odrl:odrl",
    "login": "marketplace.client.commands:login",
    "search": "marketplace.client.commands:search",
    "buy": "marketplace.client.commands:buy",
    "rights": "marketplace.client.commands:rights",
    "pull": "marketplace.client.commands:pull_files",
    "profile": "marketplace.client.commands:profile",
    "simulate": "marketplace.cli.simulate:simulate",
    "statistics": "marketplace.cli.statistics:statistics",
}


class Commands(click.Group):
    """A group that imports a command when it is asked for, and reports refusals."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command *name*."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a refusal is one line and exit code 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            click.secho(f"✗ {refusal}", fg="red", err=True)
            raise SystemExit(1) from None


@click.group(cls=Commands)
@click.version_option(package_name="databourse")
def main() -> None:
    """Databourse, an exchange for data products.

    Settings come from the environment: DATABOURSE_DATA (the data directory),
    DATABASE_URL, EXCHANGE_URL, SEARCH_URL, WAREHOUSE_URL, FILES_URL, PORT, SECRET_KEY,
    SECURE_COOKIES, TRUSTED_HOSTS, PROXIES, NOTICE_DAYS, REVIEW_DAYS, RATE_LIMITS,
    RATE_LIMIT, METERED_NOTICE_DAYS, RENEWED_NOTICE_DAYS, SCHEMA_NOTICE_DAYS,
    STRIPE_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_URL,
    TAPE_DELAY_S, TAPE_PARTIES, TAPE_LARGE_VALUE, TAPE_LARGE_DELAY_S.
    """
