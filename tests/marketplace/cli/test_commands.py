"""The ``databourse`` command: help for everything, one line that says what was done."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from marketplace.cli import COMMANDS, main
from marketplace.config import Config
from marketplace.members import users
from marketplace.members.passwords import Passwords
from marketplace.trading.tables import standings
from settlement import store
from tests.visitors import credit_code

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on an exchange below a directory of this test's own."""
    monkeypatch.setenv("DATABOURSE_DATA", str(tmp_path))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def _added(run: Run, number: int = 1, *more: str) -> tuple[str, str]:
    code, email = credit_code(number), f"u{number}@a.example"
    answer = run("member", "add", "Acme", email, "--code", code, "--vendor", *more)
    assert answer.exit_code == 0, answer.output
    found = re.search(r"(mem_\w+) registered; \S+ signs in with (\S+)", answer.output)
    assert found
    return found[1], found[2]


def test_every_command_explains_itself(run: Run) -> None:
    overview = run("--help")
    assert overview.exit_code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name}  +\w", overview.output, re.MULTILINE), name
        assert run(name, "--help").exit_code == 0


def test_a_member_is_added_verified_suspended_and_listed(run: Run) -> None:
    member, password = _added(run)
    assert run("member", "verify", member).output == f"✓ {member} is verified\n"
    assert "verified" in run("member", "list").output
    engine = store.connect(Config.from_environment().database_url)
    with engine.connect() as db:
        assert db.scalar(select(standings.c.verified)) == 1
        found = users.find(db, "u1@a.example", Passwords(), password)
        assert found.roles == {"owner", "vendor"}
    assert run("member", "suspend", member, "--reason", "no answer").exit_code == 0
    with engine.connect() as db:
        assert db.scalar(select(standings.c.verified)) == 0
    assert run("member", "restore", member).exit_code == 0
    assert run("member", "list", "--state", "suspended").output == "✓ 0 members\n"
    engine.dispose()


def test_a_refusal_is_one_line_and_an_exit_code(run: Run) -> None:
    answer = run("member", "verify", "mem_0000009")
    assert answer.exit_code == 1
    assert answer.output.startswith("✗ There is no such thing")
    assert answer.output.count("\n") == 1
    wrong = run("member", "add", "Acme", "a@a.example", "--code", "1", "--buyer")
    assert wrong.exit_code == 1
    assert "credit_code" in wrong.output


def test_staff_are_users_of_the_house(run: Run) -> None:
    answer = run("member", "staff", "r@house.example", "registrar", "surveillance")
    assert "(registrar, surveillance) signs in with" in answer.output
    assert run("member", "staff", "x@house.example", "vendor").exit_code == 2


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(run: Run) -> None:
    member, _ = _added(run, 1, "--verify")
    made = run("key", "create", "u1@a.example", "--scope", "vendor", "--days", 7)
    secret = made.output.splitlines()[0]
    assert re.fullmatch(r"dbk_[0-9a-f]{12}_[\w-]{43}", secret)
    listed = run("key", "list", member).output
    assert "read vendor" in listed
    assert secret not in listed
    key = listed.split()[0]
    assert run("key", "revoke", member, key).output == f"✓ {key} is revoked\n"
    assert run("key", "list", member).output == "✓ 0 keys\n"
    assert run("key", "revoke", member, key).exit_code == 1
    assert run("key", "create", "nobody@a.example").exit_code == 1


def test_an_empty_catalogue_is_reindexed(run: Run) -> None:
    _added(run)
    answer = run("reindex")
    assert answer.exit_code == 0, answer.output
    assert "✓ 0 listings indexed" in answer.output


@pytest.mark.parametrize("options", [["--workers", "2"], ["--writer"]])
def test_several_processes_need_an_address_of_the_writer(
    run: Run, options: list[str]
) -> None:
    answer = run("serve", *options)
    assert answer.exit_code == 2
    assert "EXCHANGE_URL" in answer.output
