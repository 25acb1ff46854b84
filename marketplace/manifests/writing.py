"""A product as the YAML that `applying` takes back and finds nothing to change in."""

from typing import Any

import yaml
from sqlalchemy import Connection

from listings import catalogue, plans, products
from listings.instruments import Instrument
from listings.products import Facts
from marketplace.manifests.documents import reference_of
from marketplace.manifests.reading import BROKEN, WHOLE
from marketplace.pricing import changes
from marketplace.trading import reads
from settlement import ids

WIDTH = 88
DEFAULTS = Facts(kind="")._asdict()


def written(db: Connection, product: int, vendor: int) -> str:
    """Return the vendor's product as one document; NotFound for another's."""
    catalogue.product(db, product, vendor)
    row = products.find(db, product)
    named = reference_of(row)
    public = ids.encode("product", product)
    key = {"reference": named} if named else {"product": public}
    return dumped(key | described(db, product, products.facts_of(row)))


def described(db: Connection, product: int, facts: Facts) -> dict[str, Any]:
    """Return facts and instruments as the values of a document."""
    units = catalogue.instruments_of(db, product)
    numbers = [unit.id for unit in units]
    prices = reads.posted_prices(db, numbers)
    prices |= {unit: rise.price for unit, rise in changes.pending(db, numbers).items()}
    symbols = {unit.id: unit.symbol for unit in units}
    values: dict[str, Any] = {"facts": facts_written(facts)}
    if units:
        values["instruments"] = [
            unit_written(unit, symbols)
            | ({"price": prices[unit.id]} if unit.id in prices else {})
            for unit in units
        ]
    return values


def facts_written(facts: Facts) -> dict[str, Any]:
    """Return the facts that say something, in their order."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in facts._asdict().items()
        if value != DEFAULTS[name] or name == "kind"
    }


def unit_written(unit: Instrument, symbols: dict[int, str]) -> dict[str, Any]:
    """Return what was chosen of an instrument, as far as it differs from nothing."""
    values: dict[str, Any] = {
        "symbol": unit.symbol,
        "licence": unit.licence.code,
        "mode": unit.mode,
        "currency": unit.currency_code,
    }
    plain: dict[str, Any] = {"tick": 1, "lot": 1, "transferable": False}
    plain |= {"term_days": None, "deliveries_max": None}
    plain |= {"acceptance_days": 0, "delivery_days": 0}
    values |= {
        name: getattr(unit, name)
        for name, usual in plain.items()
        if getattr(unit, name) != usual
    }
    if unit.plan is not None:
        values["plan"] = plans.dump(unit.plan)
    if unit.trial_of is not None:
        values["trial_of"] = symbols[unit.trial_of]
    return values


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks; what another reader takes for a number in quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (yaml's signature)
        """Write what occurs twice twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
for _number in (WHOLE, BROKEN):
    _Dumper.add_implicit_resolver(
        "tag:yaml.org,2002:float", _number, list("-+.0123456789")
    )


def dumped(values: Any) -> str:
    """Return *values* as a YAML document."""
    text: str = yaml.dump(
        values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH
    )
    return "---\n" + text
