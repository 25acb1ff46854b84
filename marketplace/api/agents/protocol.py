"""The Model Context Protocol: JSON-RPC 2.0 in one POST, one answer, no session.

The revision of 2025-11-25 allows a server to answer each request with plain JSON and to
keep nothing between requests (https://modelcontextprotocol.io/specification/2025-11-25,
transports: streamable HTTP). An agent brings an API key of the exchange as its bearer
token; without one it may read what is public.
"""

from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.marking import N_
from marketplace.api.agents import texts, tools

PATH = "/api/mcp"
VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")  # newest first
SAYS = "MCP-Protocol-Version"
# JSON-RPC 2.0, section 5.1; the last is the protocol's own.
PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602
NO_RESOURCE = -32002
INSTRUCTIONS = N_(
    "An exchange for usage rights to data. Prices are whole numbers of minor units"
    " (fen, cents). Before ordering, read the listing, its licence and the quote, and"
    " say the total to whom you act for. An order is binding. Give an order an"
    " idempotency_key, so that sending it again does not place another."
)

bp = Blueprint("mcp", __name__)
Params = dict[str, Any]


class Fault(Exception):
    """What JSON-RPC answers to a request that it cannot carry out."""

    def __init__(
        self, code: int, message: str, status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        """Say why, by *code* and in English as the protocol's own errors do."""
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@bp.post(PATH)
def speak() -> ResponseReturnValue:
    """Answer one message."""
    message: Any = None
    try:
        message = _message()
        if "id" not in message or "method" not in message:
            return "", HTTPStatus.ACCEPTED  # nobody waits for an answer
        result = _carry_out(message["method"], message.get("params", {}))
    except Fault as fault:
        number = message["id"] if message else None
        error = {"code": fault.code, "message": fault.message}
        return jsonify({"jsonrpc": "2.0", "id": number, "error": error}), fault.status
    return jsonify({"jsonrpc": "2.0", "id": message["id"], "result": result})


def _message() -> Any:
    """Return the message, one JSON object that is meant for this server."""
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        # A page of another site in somebody's browser (DNS rebinding).
        raise Fault(REQUEST, "Foreign origin", HTTPStatus.FORBIDDEN)
    if request.headers.get(SAYS, VERSIONS[0]) not in VERSIONS:
        raise Fault(REQUEST, "Unknown revision", HTTPStatus.BAD_REQUEST)
    try:
        message = request.get_json(silent=True)
    except RecursionError:  # nested deeper than anything that is meant
        message = None
    if message is None:
        raise Fault(PARSE, "Not JSON", HTTPStatus.BAD_REQUEST)
    if not _is_message(message):
        raise Fault(REQUEST, "Not one JSON-RPC 2.0 message", HTTPStatus.BAD_REQUEST)
    return message


def _is_message(said: Any) -> bool:
    return (
        isinstance(said, dict)
        and said.get("jsonrpc") == "2.0"
        and isinstance(said.get("method", ""), str)
        and isinstance(said.get("id", 0), str | int)
        and not isinstance(said.get("id"), bool)
        and isinstance(said.get("params", {}), dict)
        and ("method" in said or "result" in said or "error" in said)
    )


def _carry_out(method: str, params: Params) -> Any:
    answer = METHODS.get(method)
    if answer is None:
        raise Fault(METHOD, f"Unknown method: {method[:80]}")
    return answer(params)


# ── methods ──


def _initialize(params: Params) -> Any:
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
        "serverInfo": {
            "name": "databourse",
            "title": gettext("Databourse"),
            "version": version("databourse"),
        },
        "instructions": gettext(INSTRUCTIONS),
    }


def _call_tool(params: Params) -> Any:
    name, arguments = params.get("name"), params.get("arguments") or {}
    if not isinstance(name, str) or name not in tools.BY_NAME:
        raise Fault(PARAMS, f"Unknown tool: {str(name)[:80]}")
    if not isinstance(arguments, dict):
        raise Fault(PARAMS, "Arguments are an object")
    return tools.call(name, arguments)


def _read_resource(params: Params) -> Any:
    found = texts.read(str(params.get("uri")))
    if found is None:
        raise Fault(NO_RESOURCE, "Resource not found")
    return {"contents": [found]}


def _get_prompt(params: Params) -> Any:
    arguments = params.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise Fault(PARAMS, "Arguments are an object")
    found = texts.filled(str(params.get("name")), arguments)
    if found is None:
        raise Fault(PARAMS, "Unknown prompt, or an argument is lacking")
    return found


METHODS: dict[str, Callable[[Params], Any]] = {
    "initialize": _initialize,
    "ping": lambda _params: {},
    "tools/list": lambda _params: {"tools": list(tools.offered())},
    "tools/call": _call_tool,
    "resources/list": lambda _params: {"resources": texts.listed()},
    "resources/templates/list": lambda _params: {"resourceTemplates": []},
    "resources/read": _read_resource,
    "prompts/list": lambda _params: {"prompts": texts.prompts()},
    "prompts/get": _get_prompt,
}
