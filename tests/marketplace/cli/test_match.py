"""`databourse match`, as a shell runs it."""

import json

import pytest
from click.testing import CliRunner

from marketplace.cli.match import match

LINES = (
    b'{"op":"place","id":"1","member":"a","side":"buy","price":100,"quantity":10,'
    b'"time_in_force":"GTC"}\n'
    b"\n"
    b'{"op":"place","id":"\xe4\xb8\x80","member":"a","side":"sell","price":null,'
    b'"quantity":4}'
)


def run(*args, lines=None):
    return CliRunner().invoke(match, args, input=lines)


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.jsonl"
    path.write_bytes(LINES)
    return str(path)


def test_a_file_is_answered_line_by_line(orders):
    done = run(orders)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        '{"event":"accepted","id":"1"}',
        '{"event":"refused","line":2,"id":null,"code":"not_json"}',
        '{"event":"accepted","id":"一"}',
        '{"event":"cancelled","id":"一","quantity":4,"reason":"self_trade"}',
    ]


def test_one_line_beside_the_answers_tells_what_was_done(orders):
    assert run(orders).stderr == (
        "✓ lines: 3; orders accepted: 2; lines refused: 1; trades: 0 of 0 in all; "
        "still waiting: 1\n"
    )


def test_standard_input_is_read_for_a_dash(orders):
    assert run("-", lines=LINES).stdout == run(orders).stdout


def test_the_book_is_told_at_the_end_and_the_top_in_between(orders):
    last = run(orders, "--book", "--top", "--allow-self-trade").stdout.splitlines()[-3:]
    assert [json.loads(row) for row in last] == [
        {"event": "trade", "maker": "1", "taker": "一", "price": 100, "quantity": 4},
        {"event": "top", "instrument": None, "bid": [100, 6], "ask": None},
        {
            "event": "resting",
            "instrument": None,
            "side": "buy",
            "id": "1",
            "price": 100,
            "remaining": 6,
        },
    ]


def test_an_empty_file_is_no_mistake():
    done = run("-", "--book", "--top", lines=b"")
    assert (done.exit_code, done.stdout) == (0, "")


def test_a_missing_file_is_a_mistake_of_the_asker():
    assert run("/nowhere/orders.jsonl").exit_code == 2


def test_the_help_tells_the_protocol():
    shown = run("--help").stdout
    for word in ("place", "cancel", "reduce", "flush", "at_us", "expires_us"):
        assert word in shown
