"""Tools: operations of the API that an agent may call, with the schema of their input.

Input is what the operation takes, wherever it takes it: in its address, its query or
its body. What comes out is its answer; a refusal is an answer too, marked as an error,
with its code, so that the agent can read what to do about it.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from flask_babel import gettext
from werkzeug.wrappers import Response

from listings.marking import N_
from marketplace.api.agents.inside import Request, ask, description

DELIVERED_MAX = 1024 * 1024  # bytes of a file that an agent is given
KEY = "idempotency_key"
Result = dict[str, Any]


class Tool(NamedTuple):
    """One operation, by its id, and what its kind of call does."""

    operation: str
    title: str
    acts: bool = False  # whether it changes anything
    ends: bool = False  # whether it may undo something
    repeats: bool = True  # whether twice is as good as once


TOOLS = (
    Tool("search", N_("Search the market")),
    Tool("get_listing", N_("Read a listing")),
    Tool("compare_listings", N_("Compare listings")),
    Tool("get_quality", N_("Read the measured quality")),
    Tool("get_licence", N_("Read a licence")),
    Tool("get_quote", N_("Read the posted price")),
    Tool("get_book", N_("Read the book")),
    Tool("list_questions", N_("List the statistics")),
    Tool("ask_question", N_("Read a statistic")),
    Tool("get_me", N_("Read who the key acts for")),
    Tool("list_balances", N_("Read the balances")),
    Tool("get_my_mandate", N_("Read what the mandate allows")),
    Tool("place_order", N_("Place an order"), acts=True, repeats=False),
    Tool("place_basket", N_("Order several together"), acts=True, repeats=False),
    Tool("take_offer", N_("Accept a quote"), acts=True, repeats=False),
    Tool("get_approval", N_("Read what became of an approval")),
    Tool("list_orders", N_("List the orders")),
    Tool("cancel_order", N_("Cancel an order"), acts=True, ends=True),
    Tool("list_entitlements", N_("List the rights")),
    Tool("get_entitlement", N_("Read a right with its terms")),
    Tool("list_included", N_("List the files of a right")),
    Tool("deliver_file", N_("Read a file of a right"), acts=True, repeats=False),
    Tool("list_receipts", N_("List the receipts")),
)
BY_NAME = {tool.operation: tool for tool in TOOLS}


class Operation(NamedTuple):
    """An operation as the API describes it."""

    method: str
    path: str
    parameters: list[Any]
    said: dict[str, Any]

    def places(self) -> dict[str, str]:
        """Return where each argument outside the body goes."""
        found = {}
        for one in self.parameters:
            parameter = _resolved(one)
            found[_argument(parameter)] = parameter["in"]
        return found

    def body(self) -> dict[str, Any] | None:
        """Return the schema of the body, if there is one."""
        content = self.said.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return None if schema is None else _resolved(schema)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of all that it takes."""
        body = self.body() or {}
        properties = dict(body.get("properties", {}))
        required = list(body.get("required", []))
        for one in self.parameters:
            parameter = _resolved(one)
            name = _argument(parameter)
            told = {k: parameter[k] for k in ("description",) if k in parameter}
            properties[name] = parameter["schema"] | told
            if parameter.get("required"):
                required.append(name)
        return {
            "type": "object",
            "properties": properties,
            "required": sorted(required),
            "additionalProperties": False,
        }

    def request(self, arguments: dict[str, Any]) -> Request:
        """Return the request that *arguments* make; KeyError for a lacking place."""
        places, left = self.places(), dict(arguments)
        path, query, headers = self.path, {}, {}
        for name, place in places.items():
            if place == "path":
                path = path.replace(f"{{{name}}}", quote(str(left.pop(name)), safe=""))
            elif left.get(name) is not None and place == "header":
                headers["Idempotency-Key"] = str(left.pop(name))
            elif left.get(name) is not None and place == "query":
                query[name] = left.pop(name)
        if self.body() is None:  # what is unknown is refused by name
            return Request(self.method, path, query | left, None, headers)
        return Request(self.method, path, query, left, headers)


def offered() -> Iterator[dict[str, Any]]:
    """Yield every tool as the protocol describes it, in the asker's language."""
    known = _operations()
    for tool in TOOLS:
        operation = known[tool.operation]
        more = operation.said.get("description", "")
        yield {
            "name": tool.operation,
            "title": gettext(tool.title),
            "description": "\n\n".join(filter(None, [operation.said["summary"], more])),
            "inputSchema": operation.schema(),
            "annotations": {
                "title": gettext(tool.title),
                "readOnlyHint": not tool.acts,
                "destructiveHint": tool.ends,
                "idempotentHint": tool.repeats,
                "openWorldHint": False,
            },
        }


def call(name: str, arguments: dict[str, Any]) -> Result:
    """Carry out the tool *name*, one of BY_NAME; its result, or its refusal."""
    operation = _operations()[name]
    try:
        asked = operation.request(arguments)
    except KeyError as lacking:
        return _refused(gettext("Lacking: %(name)s.", name=lacking.args[0]))
    if name == "deliver_file":
        return _delivered(asked, arguments)
    return _answered(ask(asked))


def _operations() -> dict[str, Operation]:
    return {
        said["operationId"]: Operation(
            method.upper(),
            path,
            [*methods.get("parameters", []), *said.get("parameters", [])],
            said,
        )
        for path, methods in description()["paths"].items()
        for method, said in methods.items()
        if isinstance(said, dict) and said.get("operationId") in BY_NAME
    }


def _resolved(schema: Any) -> Any:
    """Return *schema* with every reference replaced by what it refers to."""
    if isinstance(schema, list):
        return [_resolved(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        found: Any = description()
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return _resolved(found)
    return {name: _resolved(part) for name, part in schema.items()}


def _argument(parameter: dict[str, Any]) -> str:
    """Return what an agent calls a parameter."""
    name: str = parameter["name"]
    return KEY if parameter["in"] == "header" and name == "Idempotency-Key" else name


def _answered(answer: Response) -> Result:
    """Return a JSON answer as text and as it is; a refusal is one too."""
    said = answer.get_json()
    text = json.dumps(said, ensure_ascii=False)
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": said,
        "isError": answer.status_code >= HTTPStatus.BAD_REQUEST,
    }


def _refused(reason: str) -> Result:
    return {"content": [{"type": "text", "text": reason}], "isError": True}


def _delivered(asked: Request, arguments: dict[str, Any]) -> Result:
    """Return a file of a right with its receipt; what is too large is not counted."""
    files = ask(Request("GET", asked.path.replace("/deliveries", "/files")))
    if files.status_code != HTTPStatus.OK:
        return _answered(files)
    wanted = arguments.get("file")
    file = next((f for f in files.get_json()["data"] if f["id"] == wanted), None)
    if file is not None and file["size"] > DELIVERED_MAX:
        return _refused(
            gettext(
                "This file has %(size)s bytes; an agent is given at most %(most)s."
                " Nothing was counted. Take it by Delta Sharing, or download it.",
                size=file["size"],
                most=DELIVERED_MAX,
            )
        )
    answer = ask(asked)
    if file is None or answer.status_code != HTTPStatus.OK:
        return _answered(answer)
    receipt = answer.headers["X-Receipt"]
    said = {"receipt": receipt, "name": file["name"], "sha256": file["sha256"]}
    uri = f"databourse:{receipt}/{quote(file['name'])}"
    told = {"uri": uri, "mimeType": file["media_type"]} | _content(answer.get_data())
    return {
        "content": [
            {"type": "text", "text": json.dumps(said, ensure_ascii=False)},
            {"type": "resource", "resource": told},
        ],
        "structuredContent": said,
        "isError": False,
    }


def _content(raw: bytes) -> dict[str, str]:
    """Return bytes as the protocol carries them: as text where they are text."""
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"blob": b64encode(raw).decode()}
