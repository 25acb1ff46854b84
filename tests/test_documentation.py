"""What the README states is true, and nothing is left out."""

import ast
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from re import DOTALL, MULTILINE

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.cli import COMMANDS, main
from marketplace.config import Config
from marketplace.delivery import sharings
from marketplace.services import Services
from settlement import clock
from settlement.ids import encode
from settlement.statistics.schedule import ZONE_US
from tests import programs
from tests.programs import Program, Sold, buy, pay_in, program, put_on_market, sun
from tests.publishing import places_of
from tests.visitors import Visitor, app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun", "visit"]

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
API = "/api/v1"


def section(title: str) -> str:
    """Return what stands below a heading of the README, up to the next one."""
    found = re.search(rf"^##+ {title}\n(.*?)(?=^## |\Z)", README, MULTILINE | DOTALL)
    assert found, title
    return found[1]


def table(title: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, without its head."""
    found = re.search(r"(?:^\|.*\n)+", section(title), MULTILINE)
    assert found, title
    rows = [line.strip().strip("|").split(" | ") for line in found[0].splitlines()]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def sample(title: str, language: str) -> str:
    """Return the first code block in *language* below a heading."""
    found = re.search(rf"^```{language}\n(.*?)^```", section(title), MULTILINE | DOTALL)
    assert found, (title, language)
    return found[1]


def code(cell: str) -> str:
    return cell.strip("`")


# ── commands ──


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, those of groups by themselves."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", c) for sub, c in command.commands.items())
        else:
            yield name, command


def test_every_command_is_in_the_readme_with_the_first_line_of_its_help():
    stated = {code(name): what for name, what in table("Commands")}
    first = {
        f"databourse {name}": " ".join((command.help or "").split("\n\n")[0].split())
        for name, command in commands()
    }
    assert stated == first


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_in_the_readme_explains_itself(name):
    answer = CliRunner().invoke(main, [*name.split(), "--help"])
    assert answer.exit_code == 0
    assert answer.output.startswith("Usage:")


def test_the_order_file_of_the_readme_comes_out_as_printed(tmp_path):
    file = tmp_path / "orders.jsonl"
    file.write_text(sample("Commands", "jsonl"), "utf-8")
    answer = CliRunner().invoke(main, ["match", str(file), "--book"])
    assert answer.stdout == sample("Commands", "json")


def test_what_make_can_do_is_in_the_readme():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", section("Two commands"))) >= targets
    for target in re.findall(r"(?:^    |`)make ([a-z]+)", README, MULTILINE):
        assert target in targets, target


def test_the_readme_names_every_benchmark():
    stated = {code(row[1]) for row in table("Measured speed")}
    there = {p.stem for p in (ROOT / "tests" / "speed").glob("[!_]*.py")}
    assert stated == {f".venv/bin/python -m tests.speed {name}" for name in there}


def test_every_file_and_folder_that_the_readme_names_is_there():
    named = re.findall(r"`((?:tests|marketplace|listings|settlement)/[\w/.]+)`", README)
    named += re.findall(r"`(\.ci/\w+|[A-Z]+\.md|LICENSE)`", README)
    assert len(named) > 10
    for path in named:
        assert (ROOT / path).exists(), path


# ── settings ──


def asked_of_the_environment() -> set[str]:
    """Return the names that `marketplace/config.py` reads."""
    tree = ast.parse((ROOT / "marketplace" / "config.py").read_text("utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_the_readme_and_the_command_name_every_setting_and_no_other():
    stated = {code(row[0]) for row in table("Settings")}
    assert stated == asked_of_the_environment()
    assert set(re.findall(r"\b[A-Z]{4,}(?:_[A-Z]+)*\b", main.help or "")) == stated


def test_the_defaults_in_the_readme_are_those_of_the_code():
    config = Config.at(Path("var"))
    for name, default, *_ in table("Settings"):
        field = code(name).lower()
        if field in {"databourse_data", "secret_key"} or default == "none":
            continue
        value = getattr(config, field)
        written = ",".join(value) if isinstance(value, tuple) else str(value)
        expected = written.lower() if isinstance(value, bool) else written
        assert code(default) == expected, field


def test_the_examples_of_settings_are_understood(monkeypatch):
    for name, _, example, *_ in table("Settings"):
        monkeypatch.setenv(code(name), code(example))
    config = Config.from_environment()
    assert config.database_url.startswith("postgresql://")
    assert config.warehouse() == Path("/srv/warehouse")
    assert config.secure_cookies
    assert not config.rate_limits


# ── addresses ──


def rules(app: Flask, *, api: bool) -> set[tuple[str, str]]:
    """Return the (method, address) pairs that the application answers."""
    return {
        (method, _written(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(API) is api and rule.endpoint != "static"
    }


def _written(rule: str) -> str:
    shown = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule)
    return shown.rstrip("/") or "/"


@pytest.fixture
def places(
    program: Callable[[str], Program],
    parts: Services,
    visit: Callable[[str], Visitor],
) -> Mapping[str, str]:
    """What stands for the `{…}` of an address: one of each, of who may see it."""
    sold = put_on_market(program, "SUN", 1200)
    pay_in(program, "buyer", 100_000)
    placed = program("buyer").made("/orders", buy(sold))
    right = program("buyer").read("/entitlements")["data"][0]["id"]
    asked = {"title": "Tides", "until_us": clock.now_us() + clock.DAY_US}
    parts.log.step(parts.reads)
    auction = {
        "instrument": sold.instrument,
        "kind": "first",
        "quantity": 1,
        "start": 1_000,
        "reserve": 1_000,
        "closes_us": asked["until_us"],
    }
    release = program("buyer").read(f"/listings/{sold.product}")["releases"][0]
    return {
        "dispute": programs.dispute(program),
        "payin": program("buyer").read("/payins")["data"][0]["id"],
        "case": programs.case(parts),
        "offer": programs.offered(program, sold),
        "filing": programs.filed(program),
        "agreement": programs.drafted(program, sold),
        "pool": programs.pooled(program, sold),
        "demand": program("buyer").made("/demands", asked)["id"],
        "contest": program("vendor").made("/contests", auction)["contest"]["id"],
        "search": program("buyer").made("/searches", {"address": "q=tides"})["id"],
        "webhook": programs.hooked(program),
        "product": sold.product,
        "release": release["id"],
        "file": release["files"][0]["id"],
        "instrument": sold.instrument,
        "order": placed["order"],
        "trade": (trade := placed["trades"][0]["trade"]),
        "invoice": programs.invoiced(program, trade),
        "entitlement": right,
        "member": (member := program("buyer").read("/me")["member"]),
        "run": programs.netted(parts, member),
        "vendor": program("vendor").read("/me")["member"],
        "code": "s05_turnover",
        "year": str(clock.moment(clock.now_us() + ZONE_US).year),
        "registration": encode("registration", 1),
        "attachment": _attachment(program("vendor"), sold.product),
        "authorisation": programs.authorised(parts),
        "dimension": "sector",
        "kind": "trade",
        "mandate": programs.mandated(program, sold),
        "approval": programs.awaited(parts, program, sold),
        **programs.FIXED,
        **places_of(parts),
        "intake": _intake(visit("vendor")),
    }


def _attachment(vendor: Program, product: str) -> str:
    found = vendor.read(f"/products/{product}/evidence")["attachments"]
    return str(found[0]["id"])


def test_every_page_in_the_readme_is_shown_to_whom_it_says_and_none_is_left_out(
    app: Flask, visit: Callable[[str], Visitor], places: Mapping[str, str]
):
    stated = {(code(path), who) for path, who, _ in table("Pages")}
    gets = {path for method, path in rules(app, api=False) if method == "GET"}
    gets = {path for path in gets if not path.startswith(sharings.PATH)}  # a protocol's
    assert {path for path, _ in stated} == gets - {"/rights/{entitlement}/files/{file}"}
    for path, who in sorted(stated):
        visitor = visit("" if who == "anyone" else who)
        query = "?" + _ticket(places) if path.endswith("/order") else ""
        written = path.replace("/vendors/{member}", "/vendors/{vendor}")
        address = written.format_map(places) + query
        answer = visitor.get(address, follow_redirects=True)
        assert answer.status_code == 200, (who, path, answer.status_code)
        assert not answer.request.path.startswith("/signin") or path == "/signin", path


def _intake(vendor: Visitor) -> str:
    """Bring a small table; return the id of its import."""
    file = (io.BytesIO(b"title,note\nA,b\n"), "list.csv")
    answer = vendor.post("/vendor/imports", file=file)
    return answer.headers["Location"].rpartition("/")[2]


def _ticket(places: Mapping[str, str]) -> str:
    return (
        f"instrument={places['instrument']}&kind=now&quantity=1&price=12.00"
        "&purpose=internal_analysis"
    )


def test_every_operation_of_the_api_is_in_the_readme_and_no_other(app: Flask):
    stated = [
        (method, API + words.split()[-1])
        for _, operations in table("API")
        for words in re.findall(r"`([^`]+)`", operations)
        for method in words.split()[:-1]
    ]
    assert len(stated) == len(set(stated))
    assert set(stated) == rules(app, api=True)


def test_every_address_in_the_text_is_one_that_answers(app: Flask):
    known = {path for api in (True, False) for _, path in rules(app, api=api)}
    text = re.sub(r"```.*?```", "", README, flags=DOTALL)
    for path in re.findall(r"`(?:GET |POST )?(/[a-z][\w/.{}-]*)`", text):
        if not path.startswith(("/srv", "/var", "/run")):
            assert path in known | {API} or API + path in known, path


# ── samples ──


def test_the_purchase_in_the_readme_buys(
    program: Callable[[str], Program], app: Flask, config: Config, monkeypatch
):
    """Each command is run as it stands: curl by the test client, the key for ours."""
    sold = put_on_market(program, "WXHOUR-INT", 660_000)
    pay_in(program, "buyer", 1_000_000)
    monkeypatch.setenv("DATABOURSE_DATA", str(config.data))
    commands = re.split(r"\n(?! )", sample("API", "sh").replace("\\\n", "").strip())
    key, instrument, order, rights = commands
    known = {"$KEY": _key(key, "buyer@buyer.example")}
    asked, found = re.findall(r"INSTRUMENT=\$\((.*) \| grep -o '(.*)'\)", instrument)[0]
    (known["$INSTRUMENT"],) = re.findall(found, _curl(app, asked, known).text)
    assert known["$INSTRUMENT"] == sold.instrument
    placed = _curl(app, order, known).json
    assert placed["state"] == "filled"
    assert placed["trades"][0]["price"] == 660_000
    held = _curl(app, rights, known).json["data"]
    assert [right["instrument"] for right in held] == [sold.instrument]


def _key(line: str, email: str) -> str:
    """Make the key, for a user that is there; return what the shell would keep."""
    words = shlex.split(line.partition("$(.venv/bin/databourse")[2].rstrip(")"))
    assert words[:2] == ["key", "create"]
    words[2] = email
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 0, answer.output
    return answer.stdout.strip()


def _curl(app: Flask, command: str, known: Mapping[str, str]) -> TestResponse:
    """Do what ``curl`` does with the options that the README uses."""
    for name, value in known.items():
        command = command.replace(name, value)
    words = iter(shlex.split(command))
    assert next(words) == "curl"
    address, headers, body = "", {}, None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word != "-s":
            address = word.removeprefix("http://127.0.0.1:8000")
    method = "GET" if body is None else "POST"
    answer = app.test_client().open(address, method=method, headers=headers, data=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer


def test_the_symbol_and_the_buyer_of_the_sample_are_in_the_demo():
    demo = ROOT / "marketplace" / "demo"
    catalogue = "".join(p.read_text("utf-8") for p in demo.glob("catalogue/*.toml"))
    found = r'code = "WXHOUR".*?^sold = \["(\w+) per_term CNY (\d+) '
    sold = re.search(found, catalogue, MULTILINE | DOTALL)
    assert sold
    assert sold[1] == "internal"
    limit = re.search(r'"price": (\d+)', sample("API", "sh"))
    assert limit
    assert int(sold[2]) * 100 <= int(limit[1])
    assert "jinghua" in (demo / "people.toml").read_text("utf-8")


def test_anyone_can_check_the_chain_as_the_readme_does(
    sun: Sold, config: Config, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("DATABOURSE_DATA", str(config.data))
    answer = CliRunner().invoke(main, ["export", str(tmp_path), "--verifiable"])
    assert answer.exit_code == 0, answer.output
    monkeypatch.chdir(tmp_path)
    check = sample("Records, audit, replay", "python")
    _execute(check)
    head = capsys.readouterr().out.split()[-1]
    assert head in answer.output
    file = tmp_path / "journal.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    lines[1]["body"] = lines[1]["body"].replace(",", ", ", 1)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    with pytest.raises(AssertionError, match=r"record 2 was changed"):
        _execute(check)


def _execute(text: str) -> None:
    exec(compile(text, "README.md", "exec"), {})


def test_the_member_of_the_readme_can_be_added(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABOURSE_DATA", str(tmp_path))
    (line,) = re.findall(r"^databourse (member add .*)$", README, MULTILINE)
    answer = CliRunner().invoke(main, shlex.split(line))
    assert answer.exit_code == 0, answer.output
    (vendor,) = re.findall(r"^databourse import .* (mem_\w+)$", README, MULTILINE)
    assert vendor in answer.output
