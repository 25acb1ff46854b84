"""`databourse odrl`: evaluate a request under a policy that machines read."""

import json
from typing import BinaryIO

import click

from listings.odrl import asking, parsing, report
from listings.odrl.evaluation import evaluate as decide
from listings.odrl.facts import DATE_TIME
from listings.odrl.policy import BYTES_MAX, Policy, Relations, Request, World
from listings.odrl.values import XSD, Value, Wrong, moment, typed
from listings.odrl.words import short
from settlement import clock

EXITS = {"permitted": 0, "prohibited": 3, "not_permitted": 3, "invalid": 4}

_EXPLANATION = """Evaluate an ODRL 2.2 policy for a request, and say why.

The policy, the request and the state of the world are files in Turtle or JSON-LD.
Nothing is fetched: the context of ODRL is shipped, other remote contexts are refused,
and policies that are inherited from have to be in the same file.

Every rule is reported active or inactive, with a sentence for each thing that was
looked at. The time is the state's, else the request's, else --at, else the clock's.

\b
Exit codes: 0 permitted; 3 not permitted or prohibited; 4 rules are in conflict and
the policy says that this voids it; 1 a document is malformed; 2 wrong usage.
"""


@click.group()
def odrl() -> None:
    """Licences that machines read."""


@odrl.command(help=_EXPLANATION)
@click.option("--policy", required=True, type=click.File("rb"), help="The policy.")
@click.option("--request", required=True, type=click.File("rb"), help="What is asked.")
@click.option("--state", type=click.File("rb"), help="The state of the world.")
@click.option("--uid", help="Which of several policies.")
@click.option("--at", help="The time, as an xsd:dateTime, if no file tells it.")
@click.option("--table", is_flag=True, help="Write for people instead of programs.")
@click.pass_context
def evaluate(
    context: click.Context,
    policy: BinaryIO,
    request: BinaryIO,
    state: BinaryIO | None,
    uid: str | None,
    at: str | None,
    *,
    table: bool,
) -> None:
    """Answer for each thing that the request asks; exit by the worst answer."""
    rules = parsing.policy(_content(policy), uid)
    asked = asking.request(_content(request))
    world = asking.world(_content(state)) if state else World()
    # What the request's document tells of kinds and parts counts as the policy's does.
    rules = rules._replace(relations=_joined(rules, asked))
    worst = 0
    answers = []
    for one in asked.requests:
        now = _now(world, one, at)
        decision = decide(rules, one, world._replace(now=now))
        worst = max(worst, EXITS[decision.verdict])
        if table:
            _show(one, report.lines(decision))
        else:
            answers.append(report.as_json(rules, one, decision) | {"at": now.text})
    if not table:
        click.echo(json.dumps({"answers": answers}, ensure_ascii=False, indent=2))
    context.exit(worst)


def _content(file: BinaryIO) -> bytes:
    """Read no more than what is refused anyway."""
    return file.read(BYTES_MAX + 1)


def _joined(policy: Policy, asked: asking.Asked) -> Relations:
    pairs = zip(policy.relations, asked.relations, strict=True)
    return Relations(
        *(
            {key: (*one.get(key, ()), *two.get(key, ())) for key in one.keys() | two}
            for one, two in pairs
        )
    )


def _now(world: World, request: Request, at: str | None) -> Value:
    if world.now is not None:
        return world.now
    if told := request.facts.get(DATE_TIME):
        return told[0]
    if at is not None:
        try:
            return typed(at, f"{XSD}dateTime")
        except Wrong as error:
            raise click.BadParameter(str(error), param_hint="--at") from error
    now_us = clock.now_us()
    return moment(now_us, clock.moment(now_us).isoformat())


def _show(request: Request, lines: list[tuple[str, str, str]]) -> None:
    asked = (short(request.action), request.target or "", request.assignee or "")
    click.secho(" ".join(asked), bold=True)
    for mark, what, sentence in lines:
        click.echo(f"{mark:<9} {what:<18} {sentence}")
