"""What an agent may read without a tool, and questions it can begin with."""

from http import HTTPStatus
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext

from listings.marking import N_
from marketplace.api.agents.inside import Request, ask
from marketplace.api.document import PREFIX

JSON = "application/json"


class Text(NamedTuple):
    """A public document of the exchange, in JSON."""

    path: str
    name: str
    title: str


class Prompt(NamedTuple):
    """A question, with what is to be filled in."""

    name: str
    title: str
    text: str
    arguments: tuple[tuple[str, str], ...] = ()  # what each is; all are required


TEXTS = (
    Text(f"{PREFIX}/openapi.json", "api", N_("The API's description")),
    Text(f"{PREFIX}/vocabulary", "vocabulary", N_("Codes of products and orders")),
    Text(f"{PREFIX}/fees", "fees", N_("The fee schedule in force")),
    Text(f"{PREFIX}/statistics", "statistics", N_("Statistics and definitions")),
)
PROMPTS = (
    Prompt(
        "find_data",
        N_("Find data for a purpose"),
        N_(
            "Search the exchange for data about %(topic)s that may be used for"
            " %(purpose)s. Compare the listings that fit best: measured quality,"
            " licence, price and how often they are updated. Name what the licence"
            " forbids. Order nothing."
        ),
        (("topic", N_("What the data is about")), ("purpose", N_("What it is for"))),
    ),
    Prompt(
        "review_rights",
        N_("Look through the member's rights"),
        N_(
            "List the rights that we hold. For each, say what it opens, for which"
            " purpose, until when, and how much of it was used; begin with those that"
            " end soon."
        ),
    ),
)


def listed() -> list[dict[str, Any]]:
    """Return every document as the protocol describes it."""
    return [
        {
            "uri": _address(text),
            "name": text.name,
            "title": gettext(text.title),
            "mimeType": JSON,
        }
        for text in TEXTS
    ]


def read(uri: str) -> dict[str, Any] | None:
    """Return the document at *uri*; None if it is none of `listed`."""
    found = next((text for text in TEXTS if _address(text) == uri), None)
    if found is None:
        return None
    answer = ask(Request("GET", found.path))
    if answer.status_code != HTTPStatus.OK:
        return None
    text = answer.get_data(as_text=True)
    return {"uri": uri, "mimeType": JSON, "text": text}


def prompts() -> list[dict[str, Any]]:
    """Return every prompt as the protocol describes it."""
    return [
        {
            "name": prompt.name,
            "title": gettext(prompt.title),
            "description": gettext(prompt.title),
            "arguments": [
                {"name": name, "description": gettext(what), "required": True}
                for name, what in prompt.arguments
            ],
        }
        for prompt in PROMPTS
    ]


def filled(name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Return the prompt *name* with its arguments; None if it or one of them lacks."""
    prompt = next((each for each in PROMPTS if each.name == name), None)
    if prompt is None or any(name not in arguments for name, _ in prompt.arguments):
        return None
    given = {name: str(arguments[name]) for name, _ in prompt.arguments}
    text = gettext(prompt.text, **given) if given else gettext(prompt.text)
    content = {"type": "text", "text": text}
    message = {"role": "user", "content": content}
    return {"description": gettext(prompt.title), "messages": [message]}


def _address(text: Text) -> str:
    return request.host_url.rstrip("/") + text.path
