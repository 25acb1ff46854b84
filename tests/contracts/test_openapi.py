"""The API keeps its own description, and no request breaks it."""

import re
from contextlib import suppress
from http import HTTPStatus

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from marketplace.members import roles, users
from marketplace.members.tables import HOUSE
from settlement import ids
from tests.programs import V1, buy, pay_in, program, sun
from tests.visitors import PASSWORD, app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]

SERVED_MIN = 35  # operations that must be reached, not only refused
EXAMPLES, EXAMPLES_FULL = 3, 12  # of each operation, sound and broken ones each
VENDORS = re.compile(
    r"/api/v1/(products|releases|files|income|manifests|imports|instruments/.*/price)"
)
METHODS = ("get", "post", "put", "delete")
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
load_all_checks()


@pytest.fixture
def description(app):
    return app.test_client().get(f"{V1}/openapi.json").json


@pytest.fixture
def keys(parts, people, bearer):
    """The headers for each part of the API, with every role that it asks for."""
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        every = users.add(db, HOUSE, "all@house.example", "All", hashed, roles.STAFF)
        people["everything"] = users.get(db, every)
    return {
        "staff": bearer("everything", "staff"),
        "vendor": bearer("vendor", "vendor"),
        "buyer": bearer("buyer", "trade"),
    }


@pytest.fixture
def known(program, sun):
    """Ids that exist, for the addresses."""
    buyer = program("buyer")
    pay_in(program, "buyer", 90_000)
    buyer.made("/orders", buy(sun))
    out = {"currency": "CNY", "amount": 100, "destination": "a"}
    return {
        "order": buyer.made("/orders", buy(sun, price=5, time_in_force="GTC"))["order"],
        "trade": buyer.read("/trades")["data"][0]["id"],
        "entitlement": buyer.read("/entitlements")["data"][0]["id"],
        "payin": buyer.read("/payins")["data"][0]["id"],
        "payout": buyer.made("/payouts", out)["id"],
        "member": buyer.read("/me")["member"],
        "product": sun.product,
        "instrument": sun.instrument,
        "file": sun.file,
        "symbol": "SUN",
        "code": "s05_turnover",
        "release": program("vendor").read(f"/products/{sun.product}")["releases"][0][
            "id"
        ],
    }


def some_id(name, known):
    """Return an id that exists, or else one that could, for a part of an address."""
    if name in known:
        return str(known[name])
    return ids.encode(name, 1) if name in ids.KINDS else "1"


def operations(description):
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def test_the_description_is_valid_openapi(description):
    assert description["openapi"].startswith("3.1.")
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(description)] == []


def test_every_operation_says_what_it_does_and_how_it_refuses(description):
    names = []
    for path, method, operation in operations(description):
        names.append(operation["operationId"])
        assert operation["summary"], path
        answers = operation["responses"]
        refused = answers["default"]["$ref"].rpartition("/")[2]
        problem = description["components"]["responses"][refused]
        assert list(problem["content"]) == ["application/problem+json"]
        if operation.get("security"):
            assert {"401", "403"} <= answers.keys(), path
        if "{" in path:
            assert "404" in answers, path
        if "requestBody" in operation and "application/json" in str(operation):
            assert "422" in answers, path
        if method == "get" and "parameters" in operation:
            found = [p for p in operation["parameters"] if p.get("in") == "query"]
            assert "422" in answers or not found, path
    assert len(names) == len(set(names))


def test_bodies_refuse_what_they_do_not_know(description):
    schemas = description["components"]["schemas"]
    for path, _method, operation in operations(description):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert schemas[name]["additionalProperties"] is False, path


def test_whoever_has_no_key_sees_only_what_is_public(app, description, known):
    public = set()
    for path, method, operation in operations(description):
        address = re.sub(r"{(\w+)}", lambda found: some_id(found[1], known), path)
        status = app.test_client().open(address, method=method.upper()).status_code
        if not operation.get("security"):
            public.add(operation["operationId"])
            assert method == "get"
            assert status < 500, path
        else:
            assert status == 401, (method, path)
    assert public == {
        "describe_catalogue",
        "describe_listing",
        "list_formats",
        "ask_question",
        "compare_listings",
        "get_book",
        "get_comparable",
        "get_contest",
        "get_demand",
        "get_fair_value",
        "get_fees",
        "get_figure",
        "get_health",
        "get_indices",
        "get_instrument",
        "get_licence",
        "get_licence_policy",
        "get_limits",
        "get_listing",
        "get_phase",
        "get_publication",
        "get_quality",
        "get_quote",
        "get_service",
        "get_symbol",
        "get_taxes",
        "get_tape_rule",
        "get_vendor",
        "get_vocabulary",
        "glance",
        "list_auctions",
        "list_candles",
        "list_completions",
        "list_cycles",
        "list_contests",
        "list_demands",
        "list_differences",
        "list_licences",
        "list_offers_as_policies",
        "list_prints",
        "list_publications",
        "list_public_questions",
        "list_workdays",
        "list_questions",
        "list_reviews",
        "prove_consistency",
        "prove_inclusion",
        "read_checkpoint",
        "search",
        "stream_instrument",
    }


def test_no_request_breaks_the_api(app, keys, known, full):
    examples = EXAMPLES_FULL if full else EXAMPLES
    schema = schemathesis.openapi.from_wsgi(f"{V1}/openapi.json", app)
    served, broken = set(), []
    for found in schema.get_all_operations():
        operation = found.ok()
        headers = keys[_part(operation.path)]
        names = re.findall(r"{(\w+)}", operation.path)
        ids = {name: known[name] for name in names if name in known}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                served |= _shake(operation, mode, headers, ids, examples)
            except schemathesis.errors.FailureGroup as failures:
                broken.append(f"{operation.label}: {failures}")
    assert broken == [], "\n".join(broken)
    assert len(served) >= SERVED_MIN, sorted(served)


def _part(path):
    if path.startswith(f"{V1}/staff"):
        return "staff"
    return "vendor" if VENDORS.match(path) else "buyer"


def _shake(operation, mode, headers, ids, examples):
    """Call *operation* with so many made-up requests, with *ids* that exist if any.

    Return its label if a request was served, not refused.
    """
    served = set()

    @given(case=operation.as_strategy(mode, path_parameters=ids or None))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case):
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            served.add(operation.label)

    # With nothing to get wrong there is no broken request.
    nothing = Unsatisfiable if mode is GenerationMode.NEGATIVE else ()
    with suppress(nothing):
        call()
    return served
