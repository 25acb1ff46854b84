"""What the catalogue's codes are called, in the visitor's language, as filters."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from flask import Flask
from flask_babel import gettext

from listings import composer, dictionary, licences, vocabulary
from listings.registration import attachments, checklist, declaration, opinions
from listings.vocabulary import Name
from marketplace import formatting
from marketplace.language import language, per_visitor
from settlement.money import BY_ASSET

CODES: Mapping[str, Mapping[str, Name]] = {
    "class": vocabulary.CLASSES,
    "kind": vocabulary.CLASSES,
    "sector": vocabulary.SECTORS,
    "industry": vocabulary.INDUSTRIES,
    "region": vocabulary.regions(),
    "updates": vocabulary.UPDATES,
    "mode": vocabulary.MODES,
    "purpose": licences.PURPOSES,
    "route": declaration.ROUTES,
    "sensitivity": declaration.SENSITIVITIES,
    "personal": declaration.PERSONAL,
    "column_personal": dictionary.PERSONAL,
    "declared_right": declaration.RIGHTS,
    "cell": declaration.CELLS,
    "attachment": attachments.KINDS,
    "opinion": opinions.KINDS,
    "outcome": opinions.OUTCOMES,
    "method": opinions.METHODS,
    "line": {code: line.question for code, line in checklist.LINES.items()},
    "exclusivity": licences.EXCLUSIVITY,
    "use": licences.USES,
    "retention": composer.RETENTION,
    "derivation": composer.DERIVATION,
}


# The fields of a licence's terms that are codes → what the codes are of.
TERM_TOPICS = {
    "uses": "use",
    "purposes": "purpose",
    "on_request": "purpose",
    "exclusivity": "exclusivity",
    "field": "sector",
    "territory": "region",
    "retention": "retention",
    "derivation": "derivation",
}


def code_name(code: str | None, topic: str) -> str:
    """Return what *code* is called; itself if it has no name, a dash for none."""
    if not code:
        return "–"
    found = CODES[topic].get(code)
    if topic == "region" and found is None and code.isdigit():
        found = CODES[topic].get(code[:2])  # a place is known by its province
    return getattr(found, language()) if found else code


def named(codes: Mapping[str, Name]) -> list[tuple[str, str]]:
    """Return codes with their names, for a choice."""
    return [(code, getattr(found, language())) for code, found in codes.items()]


def as_named(codes: list[str], topic: str) -> list[tuple[str, str]]:
    """Return some codes of a topic with their names, for a choice."""
    return [(code, code_name(code, topic)) for code in codes]


def term(value: Any, field: str) -> str:
    """Return what a licence's terms say of *field*, in words."""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if value is None or value == ():
        return str(gettext("none"))
    topic = TERM_TOPICS.get(field)
    if isinstance(value, tuple):
        return ", ".join(code_name(code, topic or "purpose") for code in value)
    return code_name(value, topic) if topic else str(value)


def in_language(names: tuple[str, str] | None) -> str:
    """Return the Chinese or English one of two names, the other if it is empty."""
    if not names:
        return str(gettext("unknown"))
    zh, en = names
    return (zh or en) if language() == "zh" else (en or zh)


def signed(minor: int, currency: int | str) -> str:
    """Return an amount with its sign, gains with a plus."""
    shown = formatting.amount(minor, currency)
    return f"+{shown}" if minor > 0 else shown


def attributes(value: object) -> object:
    """Return JSON *value* with the keys of its objects as attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(
            **{name: attributes(part) for name, part in value.items()}
        )
    return [attributes(part) for part in value] if isinstance(value, list) else value


def init_app(app: Flask) -> None:
    """Give templates the filters of this module."""
    filters = {
        "code_name": per_visitor(code_name),
        "named": named,
        "places": lambda asset: BY_ASSET[asset].exponent,
        "as_named": as_named,
        "term": per_visitor(term),
        "in_language": in_language,
        "purpose": per_visitor(lambda code: code_name(code, "purpose")),
        "signed": signed,
        "attributes": attributes,
    }
    app.jinja_env.filters.update(filters)
