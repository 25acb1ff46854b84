"""Documents that are malformed, too large, too deep, or ask us to go out: refused."""

import json
import socket
import time

import pytest

from listings.odrl import asking, parsing, policy, reading
from listings.odrl.policy import Malformed
from tests.listings.odrl.cases import PREFIXES, decide, permission, turtle

C = "[ :leftOperand ex:n ; :operator :eq ; :rightOperand 1 ]"
BROKEN = {
    "ex:p a :Set ; :permission [ :action": "",
    "": "there is no policy",
    "ex:p a :Set .": "at least one rule",
    "ex:p a :Set ; :permission 'read' .": "is not a text",
    "ex:p a :Offer ; :permission [ :action :read ] .": "Offer without assigner",
    "ex:p a :Agreement ; :assigner ex:v ; :permission [ :action :read ] .": (
        "Agreement without assignee"
    ),
    "ex:p a :Set ; :conflict ex:mine ; :permission [ :action :read ] .": "conflict",
    "ex:p a :Set ; :obligation [ :target ex:x ] .": "without action",
    "ex:p a :Set ; :permission [ :action :read ; :remedy [ :action :pay ] ] .": (
        "has no remedy"
    ),
    "ex:p a :Set ; :prohibition [ :action :read ; :duty [ :action :pay ] ] .": (
        "has no duty"
    ),
    "ex:p a :Set ; :permission [ :action [ :refinement [] ] ] .": "leftOperand",
    "ex:p a :Set ; :permission [ :action [ ] ] .": "rdf:value",
    "ex:p a :Set ; :permission [ :action :read ; :target [ ] ] .": "no uid",
    permission("; :constraint [ ]"): "one leftOperand",
    permission("; :constraint [ :leftOperand :count ]"): "one operator",
    permission("; :constraint [ :leftOperand :count ; :operator :near ]"): (
        "no operator 'near'"
    ),
    permission("; :constraint [ :leftOperand :count ; :operator :lt ]"): "rightOperand",
    permission(
        "; :constraint [ :leftOperand :count ; :operator :lt ; :rightOperand 1, 2 ]"
    ): "takes one rightOperand",
    permission(
        "; :constraint [ :leftOperand :dateTime ; :operator :lt ;"
        ' :rightOperand "soon"^^xsd:dateTime ]'
    ): "is not an xsd:dateTime",
    permission(
        "; :constraint [ :leftOperand :dateTime ; :operator :lt ;"
        ' :rightOperand "2026-02-30T00:00:00Z"^^xsd:dateTime ]'
    ): "no day of the calendar",
    permission(
        "; :constraint [ :leftOperand :count ; :operator :lt ;"
        ' :rightOperand "1e5"^^xsd:integer ]'
    ): "is not an xsd:integer",
    permission(
        "; :constraint [ :leftOperand :count ; :operator :lt ;"
        ' :rightOperand "1e999999999"^^xsd:double ]'
    ): "out of range",
    permission("; :constraint [ :and () ]"): "and of nothing",
    permission(f"; :constraint [ :or ({C}) ; :and ({C}) ]"): "one operand",
    permission(f"; :constraint [ :andSequence {C}, {C} ]"): "takes a list",
    "ex:p a :Set ; :inheritFrom ex:q ; :permission [ :action :read ] .": (
        "not in the document"
    ),
    (
        "ex:p a :Set ; :inheritFrom ex:q ; :permission [ :action :read ] ."
        " ex:q a :Set ; :inheritFrom ex:p ."
    ): "which policy",
    (
        "ex:p a :Set ; :permission [ :action :read ] ."
        " ex:q a :Set ; :permission [ :action :read ] ."
    ): "which policy",
    "ex:p a :Set ; :obligation ex:d . ex:d :action :pay ; :consequence ex:d .": "nested",
    permission("; :constraint ex:c") + " ex:c :and (ex:c) .": "nested",
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.items())
def test_a_broken_policy_is_refused_with_the_reason(text, reason):
    with pytest.raises(Malformed) as refused:
        parsing.policy(turtle(text))
    assert refused.value.document == "policy"
    assert reason in refused.value.reason


def test_the_line_is_told_where_there_is_one():
    with pytest.raises(Malformed) as refused:
        parsing.policy(turtle("ex:p a :Set ;\n :permission [[ ;\n"))
    assert refused.value.line is not None
    with pytest.raises(Malformed) as refused:
        parsing.policy(turtle("\n\nex:thatone a :Set ."))
    assert refused.value.line == PREFIXES.count("\n") + 3
    with pytest.raises(Malformed) as refused:
        parsing.policy(b'{"@context":\n oops}')
    assert refused.value.line == 2


@pytest.mark.parametrize(
    "context",
    [
        "https://example.org/evil.jsonld",
        ["http://www.w3.org/ns/odrl.jsonld", "file:///etc/passwd"],
        {"@import": "https://example.org/evil.jsonld"},
        {"x": {"@id": "ex:x", "@context": "https://example.org/evil.jsonld"}},
    ],
)
def test_nothing_is_fetched(context, monkeypatch):
    def go_out(*_):
        pytest.fail("somebody wants to go out")

    monkeypatch.setattr(socket.socket, "connect", go_out)
    body = {"@context": context, "@type": "Set", "permission": [{"action": "read"}]}
    with pytest.raises(Malformed) as refused:
        parsing.policy(json.dumps(body).encode())
    assert "fetched" in refused.value.reason
    body["@context"] = "https://www.w3.org/ns/odrl.jsonld"
    body["uid"] = "http://example.org/p"
    assert parsing.policy(json.dumps(body).encode()).rules


def many(count: int) -> str:
    return ", ".join(f"ex:t{n}" for n in range(count))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" " * (policy.BYTES_MAX + 1), "bytes"),
        (turtle(f"ex:p :x {'1,' * policy.TRIPLES_MAX} 2 .".replace("1,", "1,")), ""),
        (turtle("ex:p :x " + ",".join(map(str, range(policy.TRIPLES_MAX))) + ",ex:a ."), "triples"),
        (turtle("ex:p :x " + "[ :y " * 5_000), ""),
        (turtle("ex:p :x " + "( " * 5_000), ""),
        (b'{"@context": ' + b"[" * 10_000, ""),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, ""),
        (b'{"a": ' + b"9" * 5_000 + b"}", ""),
        (b"\xff\xfe", "UTF-8"),
        (turtle(f"ex:p a :Set ; :obligation [ :action {many(40)} ; :target {many(40)} ] ."), "rules"),
        (turtle("ex:p a :Set ; :permission " + many(policy.RULES_MAX + 1) + " ."), "rules"),
    ],
)  # fmt: skip
def test_hostile_documents_are_refused_soon(content, reason):
    began = time.perf_counter()
    with pytest.raises(Malformed) as refused:
        parsing.policy(content)
    assert reason in refused.value.reason
    assert time.perf_counter() - began < 5


def test_constraints_that_share_their_parts_are_counted_each_time():
    layers = [f"ex:c{n} :and (ex:c{n + 1} ex:c{n + 1}) ." for n in range(14)]
    last = "ex:c14 :leftOperand ex:n ; :operator :eq ; :rightOperand 1 ."
    text = permission("; :constraint ex:c0") + "\n".join([*layers, last])
    with pytest.raises(Malformed, match="constraints"):
        parsing.policy(turtle(text))


def test_logic_may_be_as_deep_as_the_limit():
    def nested(depth: int) -> str:
        return f"[ :and ({nested(depth - 1)}) ]" if depth else C

    state = "[] a sotw:SotW ; ex:n 1 ."
    deep = permission(f"; :constraint {nested(policy.LOGIC_DEPTH_MAX)}")
    assert decide(deep, None, state).allowed
    with pytest.raises(Malformed, match="logic"):
        decide(permission(f"; :constraint {nested(policy.LOGIC_DEPTH_MAX + 1)}"))


def test_relations_that_run_in_circles_end():
    state = "ex:x :partOf ex:y . ex:y :partOf ex:z . ex:z :partOf ex:x ."
    assert not decide(permission("", "").replace("ex:x", "ex:w"), None, state).allowed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ex:r a :Request .", "nothing is asked"),
        ("ex:r a :Request ; :permission [ :target ex:x ] .", "names no action"),
        (
            (
                "ex:r a :Request ; :permission [ :action :read ; :constraint"
                " [ :leftOperand :count ; :operator :lt ; :rightOperand 1 ] ] ."
            ),
            "by eq alone",
        ),
        (
            f"ex:r a :Request ; :permission [ :action {many(101)} ] .",
            "things are asked for",
        ),
    ],
)
def test_a_broken_request_is_refused(text, reason):
    with pytest.raises(Malformed, match=reason) as refused:
        asking.request(turtle(text))
    assert refused.value.document == "request"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[] a state:Performance .", "one action"),
        ("[] a state:Performance ; :action :read ; dct:issued 'x' .", "xsd:dateTime"),
        ("[] a sotw:SotW ; :dateTime 'x'^^xsd:date .", "xsd:date"),
    ],
)
def test_a_broken_state_is_refused(text, reason):
    with pytest.raises(Malformed, match=reason):
        asking.world(turtle(text))


def test_the_context_that_is_shipped_knows_every_word():
    known = reading.context()
    for word in ("permission", "andSequence", "isAnyOf", "elapsedTime", "uid", "xone"):
        assert word in known
