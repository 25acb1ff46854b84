"""How the client fails: one line, and an exit code that says what kind it was."""

from typing import IO, Any

import click

from marketplace.client.sentences import gettext


class Failed(click.ClickException):
    """Something that ends a command, said in one line."""

    exit_code = 1  # 2 is click's: wrongly called

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it as every command says a failure."""
        click.secho(f"✗ {self.format_message()}", file=file, fg="red", err=True)


class Refused(Failed):
    """The exchange said no: *status*, *code* of the refusal, in its own words."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        """Take the answer's status and its problem document."""
        self.status, self.code = status, str(problem.get("code", ""))
        said = [str(problem.get("title") or gettext("The exchange refused."))]
        for texts in dict(problem.get("problems") or {}).values():
            said += map(str, texts) if isinstance(texts, list) else [str(texts)]
        super().__init__(" ".join(said))


class Unreachable(Failed):
    """The exchange cannot be reached, or the connection broke."""

    exit_code = 3

    def __init__(self) -> None:
        """Say so."""
        text = gettext("The exchange cannot be reached, or the connection broke.")
        super().__init__(text)


class Damaged(Failed):
    """What came is not what was promised."""

    exit_code = 4
