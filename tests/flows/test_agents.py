"""An agent by the Model Context Protocol: it looks, buys once, reads what it bought."""

import json

import pytest

from listings.search.projection import Projection
from marketplace.projection import changes_after
from tests.programs import CONTENT, buy, pay_in, program, sun
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]
MCP = "/api/mcp"


class Agent:
    """Speaks the protocol with the key of a role."""

    def __init__(self, caller):
        self.client, self.headers = caller.client, caller.headers

    def send(self, message, **headers):
        """Return the bare answer to a message."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(MCP, json=message, headers=self.headers | more)

    def ask(self, method, **params):
        """Return the result of a request."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.send(message)
        assert answer.status_code == 200, answer.text
        assert answer.json["id"] == 1
        return answer.json["result"]

    def call(self, name, **arguments):
        """Call a tool; whether it was refused, and what it said."""
        result = self.ask("tools/call", name=name, arguments=arguments)
        text = json.loads(result["content"][0]["text"])
        assert text == result["structuredContent"]
        return result["isError"], text


@pytest.fixture
def agent(program):
    """An agent with the key of a role, or with none."""
    return lambda role: Agent(program(role))


def test_the_two_sides_agree_on_a_revision_that_both_know(agent):
    for asked, agreed in (("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25")):
        said = agent("").ask("initialize", protocolVersion=asked)
        assert said["protocolVersion"] == agreed
        assert said["serverInfo"]["name"] == "databourse"
    assert agent("").ask("ping") == {}
    told = agent("").send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (told.status_code, told.text) == (202, "")


def test_every_tool_says_what_it_takes_and_what_it_does(agent):
    tools = {tool["name"]: tool for tool in agent("").ask("tools/list")["tools"]}
    order = tools["place_order"]
    assert {"instrument", "side", "price", "quantity"} <= {
        *order["inputSchema"]["required"]
    }
    assert "idempotency_key" in order["inputSchema"]["properties"]
    assert not order["annotations"]["readOnlyHint"]
    assert tools["search"]["annotations"]["readOnlyHint"]
    assert tools["get_listing"]["inputSchema"]["required"] == ["product"]
    assert "$ref" not in json.dumps(tools)


def test_an_agent_finds_buys_once_and_reads_what_it_bought(agent, program, sun, parts):
    Projection(parts.reads, parts.index, changes_after).catch_up()
    pay_in(program, "buyer", 5000)
    buyer = agent("buyer")
    refused, found = buyer.call("search", q="sunshine")
    assert not refused
    assert [hit["id"] for hit in found["data"]] == [sun.product]
    refused, quote = buyer.call("get_quote", instrument=sun.instrument)
    assert (refused, quote["price"]) == (False, 1200)
    for _ in range(2):  # sent again it is the same order
        refused, _ = buyer.call("place_order", **buy(sun), idempotency_key="one")
        assert not refused
    _, rights = buyer.call("list_entitlements")
    (right,) = rights["data"]
    assert right["deliveries"] == 0
    read = buyer.ask(
        "tools/call",
        name="deliver_file",
        arguments={"entitlement": right["id"], "file": sun.file},
    )
    assert not read["isError"]
    assert read["content"][1]["resource"]["text"] == CONTENT.decode()
    assert (
        program("buyer").read("/receipts")["data"][0]["id"]
        == (read["structuredContent"]["receipt"])
    )


def test_a_refusal_is_told_with_its_code_and_changes_nothing(agent, program, sun):
    refused, told = agent("").call("place_order", **buy(sun))
    assert (refused, told["status"]) == (True, 401)
    refused, told = agent("buyer").call("place_order", **buy(sun))
    assert (refused, told["code"]) == (True, "insufficient_balance")
    refused, told = agent("buyer").call("place_order", **buy(sun), surprise=1)
    assert (refused, told["status"]) == (True, 422)
    lacking = agent("buyer").ask("tools/call", name="get_listing", arguments={})
    assert lacking["isError"]
    assert "product" in lacking["content"][0]["text"]
    assert program("buyer").read("/trades")["data"] == []


def test_a_file_too_large_for_an_agent_is_refused_before_it_is_counted(
    agent, program, sun, monkeypatch
):
    monkeypatch.setattr("marketplace.api.agents.tools.DELIVERED_MAX", 5)
    pay_in(program, "buyer", 5000)
    program("buyer").made("/orders", buy(sun))
    (right,) = program("buyer").read("/entitlements")["data"]
    wanted = {"entitlement": right["id"], "file": sun.file}
    told = agent("buyer").ask("tools/call", name="deliver_file", arguments=wanted)
    assert told["isError"]
    assert program("buyer").read("/receipts")["data"] == []


def test_documents_and_prompts_are_there_in_both_languages(agent):
    reader = agent("")
    uris = [one["uri"] for one in reader.ask("resources/list")["resources"]]
    (content,) = reader.ask("resources/read", uri=uris[0])["contents"]
    assert json.loads(content["text"])["openapi"].startswith("3.1")
    prompts = reader.ask("prompts/list")["prompts"]
    assert all(prompt["description"] for prompt in prompts)
    given = {"topic": "气象", "purpose": "analysis"}
    filled = reader.ask("prompts/get", name="find_data", arguments=given)
    assert "气象" in filled["messages"][0]["content"]["text"]
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    said = reader.send(message, Accept_Language="zh").json["result"]["tools"]
    assert "搜索" in {tool["name"]: tool for tool in said}["search"]["title"]


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ([], 400, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": [], "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": 3}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "no/such"}, 200, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}, 200, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "resources/read"}, 200, -32002),
        ({"jsonrpc": "2.0", "id": 1, "method": "prompts/get"}, 200, -32602),
    ],
)
def test_what_is_no_request_of_the_protocol_is_refused_by_code(
    agent, message, status, code
):
    answer = agent("").send(message)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_bad_bodies_foreign_pages_and_unknown_revisions_are_refused(agent):
    reader = agent("")
    for body in (b"", b"{", b"[" * 100_000, b"\xff"):
        answer = reader.client.post(MCP, data=body, content_type="application/json")
        assert (answer.status_code, answer.json["error"]["code"]) == (400, -32700)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert reader.send(ping, Origin="https://evil.example").status_code == 403
    assert reader.send(ping, Origin="http://localhost").status_code == 200
    assert reader.send(ping, MCP_Protocol_Version="1999-01-01").status_code == 400
    assert reader.client.get(MCP).status_code == 405
