"""`databourse odrl evaluate`: answers, exit codes, tables, refusals."""

import json

import pytest
from click.testing import CliRunner

from marketplace.cli import main

POLICY = """
@prefix : <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:p a :Set %s ; :permission ex:r ; :prohibition [ :action :print ] .
ex:r :action :use ; :constraint [ :leftOperand :dateTime ; :operator :lt ;
  :rightOperand "2027-01-01"^^xsd:date ] .
"""
REQUEST = {
    "@context": "http://www.w3.org/ns/odrl.jsonld",
    "@type": "Request",
    "uid": "http://example.org/asked",
    "permission": [{"action": "read", "target": "http://example.org/x"}],
}
STATE = """
@prefix dct: <http://purl.org/dc/terms/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<http://example.com/request/currentTime> dct:issued "2028-01-01T00:00:00Z"^^xsd:dateTime .
"""  # noqa: E501


@pytest.fixture
def evaluate(tmp_path):
    """Evaluate texts; the answer of the command."""

    def evaluate(policy=POLICY % "", request=REQUEST, state=None, *options):
        texts = {"policy": policy, "request": json.dumps(request), "state": state}
        words = ["odrl", "evaluate", *options]
        for name, text in texts.items():
            if text is not None:
                file = tmp_path / name
                file.write_text(text, "utf-8")
                words += [f"--{name}", str(file)]
        return CliRunner().invoke(main, words)

    return evaluate


def test_a_permitted_request_exits_with_0(evaluate):
    answer = evaluate(POLICY % "", REQUEST, None, "--at", "2026-06-01T00:00:00Z")
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)["answers"]
    assert found["allowed"] is True
    assert found["at"] == "2026-06-01T00:00:00Z"
    assert [rule["active"] for rule in found["rules"]] == [True, False]


def test_the_state_s_time_goes_before_the_option_s(evaluate):
    answer = evaluate(POLICY % "", REQUEST, STATE, "--at", "2026-06-01T00:00:00Z")
    assert answer.exit_code == 3
    (found,) = json.loads(answer.stdout)["answers"]
    assert found["verdict"] == "not_permitted"
    assert "dateTime lt 2027-01-01 is not satisfied" in found["reason"]


@pytest.mark.parametrize(
    ("strategy", "code"),
    [("", 4), ("; :conflict :prohibit", 3), ("; :conflict :perm", 0)],
)
def test_a_conflict_exits_as_the_strategy_says(evaluate, strategy, code):
    request = REQUEST | {"permission": [{"action": "print"}]}
    at = ("--at", "2026-06-01T00:00:00Z")
    assert evaluate(POLICY % strategy, request, None, *at).exit_code == code


def test_the_worst_of_several_answers_decides(evaluate):
    request = REQUEST | {"permission": [{"action": ["read", "sell"]}]}
    answer = evaluate(POLICY % "", request, None, "--at", "2026-06-01T00:00:00Z")
    assert answer.exit_code == 3
    answers = json.loads(answer.stdout)["answers"]
    assert sorted(a["verdict"] for a in answers) == ["not_permitted", "permitted"]


def test_people_get_a_table(evaluate):
    answer = evaluate(POLICY % "", REQUEST, STATE, "--table")
    assert "✗" in answer.stdout
    assert "The permission is not active" in answer.stdout


def test_without_any_time_it_is_the_clock_s(evaluate):
    answer = evaluate()
    assert json.loads(answer.stdout)["answers"][0]["at"]


def test_malformed_documents_exit_with_1_and_the_line(evaluate):
    answer = evaluate("ex:p a <x> ;\n oops")
    assert answer.exit_code == 1
    assert "line=" in answer.stderr
    assert answer.stdout == ""


def test_a_time_that_is_none_is_wrong_usage(evaluate):
    assert evaluate(POLICY % "", REQUEST, None, "--at", "soon").exit_code == 2
