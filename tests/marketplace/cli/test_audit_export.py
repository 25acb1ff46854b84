"""``databourse audit`` and ``databourse export``, run as an operator runs them."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from marketplace.cli.audit import audit
from marketplace.cli.export import export
from settlement import store
from tests.invariants.conftest import open_market


@pytest.fixture
def url(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return sqlite_url


def run(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_audit_says_how_much_it_checked_and_exits_with_0(url: str) -> None:
    open_market(url)
    result = run(audit)
    assert result.exit_code == 0
    assert "checks hold over" in result.stdout
    assert run(audit, "--quiet").stdout == ""


def test_audit_names_each_violation_and_exits_with_1(url: str) -> None:
    open_market(url)
    engine = store.connect(url, write=True)
    with engine.begin() as db:
        db.execute(text("UPDATE accounts SET balance = balance + 1 WHERE id = 1"))
    engine.dispose()
    result = run(audit, "--quiet")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "✗ M2: The balances of CNY sum to 1." in result.stderr
    assert "✗ M3: Account 1, mem_0000002's free CNY, says" in result.stderr


@pytest.mark.parametrize("command", [audit, export])
def test_without_an_exchange_there_is_nothing_to_prove(
    url: str, command: object, tmp_path: Path
) -> None:
    arguments = [str(tmp_path)] if command is export else []
    result = run(command, *arguments)
    assert result.exit_code == 1
    assert "there is no exchange at" in result.stderr


def test_export_lets_anyone_recompute_the_chain(url: str, tmp_path: Path) -> None:
    open_market(url)
    result = run(export, str(tmp_path / "out"), "--verifiable")
    assert result.exit_code == 0, result.output
    text_lines = (tmp_path / "out" / "journal.jsonl").read_text("utf-8").splitlines()
    lines = [json.loads(line) for line in text_lines]
    head = bytes(32)
    for number, line in enumerate(lines, start=1):
        assert line["seq"] == number
        head = hashlib.sha256(head + line["body"].encode()).digest()
        assert line["hash"] == head.hex()
    traded = (tmp_path / "out" / "trades.jsonl").read_text("utf-8").splitlines()
    assert f"{len(lines)} records and {len(traded)} trades" in result.stdout
    assert head.hex() in result.stdout


def test_export_names_the_fields_and_prints_money_in_decimals(
    url: str, tmp_path: Path
) -> None:
    open_market(url)
    run(export, str(tmp_path))
    records = [
        json.loads(line)
        for line in (tmp_path / "journal.jsonl").read_text("utf-8").splitlines()
    ]
    basket = next(r for r in records if r["kind"] == "PlaceBasket")
    assert "body" not in basket
    assert basket["key"] == "basket"
    assert [line["price"] for line in basket["command"]["lines"]] == [7, -1, 8]
    assert next(r for r in records if r["outcome"][0] == "refused")
    trade = json.loads((tmp_path / "trades.jsonl").read_text("utf-8").splitlines()[0])
    assert (trade["price"], trade["value"], trade["fee"]) == ("1.00", "3.00", "0.08")
    assert (trade["id"], trade["symbol"]) == ("trd_0000001", "SYM1000")
    assert trade["at"].endswith("Z")
