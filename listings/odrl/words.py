"""The words of ODRL 2.2: actions and what includes them, operators, left operands.

Source: ODRL Vocabulary & Expression 2.2 (https://www.w3.org/TR/odrl-vocab/), its core
and common vocabulary and the terms that it keeps as deprecated.
"""

ODRL = "http://www.w3.org/ns/odrl/2/"
CC = "http://creativecommons.org/ns#"
DCT = "http://purl.org/dc/terms/"
CONTEXT = "http://www.w3.org/ns/odrl.jsonld"

# Every action of the common vocabulary that is included in `use` itself. The vocabulary
# spells "CommericalUse"; that of Creative Commons spells it right.
_IN_USE = (
    *("acceptTracking", "aggregate", "annotate", "anonymize", "archive", "attribute"),
    *("compensate", "concurrentUse", "delete", "derive", "digitize", "distribute"),
    *("ensureExclusivity", "execute", "grantUse", "include", "index", "inform"),
    *("install", "modify", "move", "nextPolicy", "obtainConsent", "play", "present"),
    *("print", "read", "reproduce", "reviewPolicy", "stream", "synchronize"),
    *("textToSpeech", "transform", "translate", "uninstall", "watermark"),
)
_CC_IN_USE = (
    *("Attribution", "CommericalUse", "CommercialUse", "DerivativeWorks"),
    *("Distribution", "Notice", "Reproduction", "ShareAlike", "Sharing", "SourceCode"),
)
# Deprecated terms: the vocabulary names a term of the same meaning (skos:exactMatch);
# those without one count as a use.
_SAME = {
    "commercialize": f"{CC}CommercialUse",
    "copy": f"{ODRL}reproduce",
    "export": f"{ODRL}transform",
    "license": f"{ODRL}grantUse",
    "pay": f"{ODRL}compensate",
    "share": f"{CC}Sharing",
    "shareAlike": f"{CC}ShareAlike",
    "attachSource": f"{CC}SourceCode",
    "attachPolicy": f"{CC}Notice",
    "secondaryUse": f"{ODRL}use",
}
_DEPRECATED = (
    *("adHocShare", "append", "appendTo", "lease", "lend", "preview"),
    *("write", "writeTo"),
)
# action → the action that includes it (odrl:includedIn); use and transfer are the tops.
INCLUDED_IN: dict[str, str] = (
    {f"{ODRL}{name}": f"{ODRL}use" for name in (*_IN_USE, *_DEPRECATED)}
    | {f"{CC}{name}": f"{ODRL}use" for name in _CC_IN_USE}
    | {f"{ODRL}{name}": same for name, same in _SAME.items()}
    | {
        f"{ODRL}display": f"{ODRL}play",
        f"{ODRL}extract": f"{ODRL}reproduce",
        f"{ODRL}extractChar": f"{ODRL}extract",
        f"{ODRL}extractPage": f"{ODRL}extract",
        f"{ODRL}extractWord": f"{ODRL}extract",
        f"{ODRL}give": f"{ODRL}transfer",
        f"{ODRL}sell": f"{ODRL}transfer",
    }
)
ACTIONS = frozenset(INCLUDED_IN) | {f"{ODRL}use", f"{ODRL}transfer"}

OPERATORS = (
    *("eq", "neq", "gt", "gteq", "lt", "lteq", "isA", "hasPart", "isPartOf"),
    *("isAllOf", "isAnyOf", "isNoneOf"),
)
SETS = ("isAllOf", "isAnyOf", "isNoneOf")
LOGICAL = ("and", "or", "xone", "andSequence")
LEFT_OPERANDS = frozenset(
    f"{ODRL}{name}"
    for name in (
        *("absolutePosition", "absoluteSize", "absoluteSpatialPosition"),
        *("absoluteTemporalPosition", "count", "dateTime", "delayPeriod"),
        *("deliveryChannel", "device", "elapsedTime", "event", "fileFormat"),
        *("industry", "language", "media", "meteredTime", "payAmount", "percentage"),
        *("product", "purpose", "recipient", "relativePosition", "relativeSize"),
        *("relativeSpatialPosition", "relativeTemporalPosition", "resolution"),
        *("spatial", "spatialCoordinates", "system", "systemDevice", "timeInterval"),
        *("timedCount", "unitOfCount", "version", "virtualLocation", "policyUsage"),
    )
)
STRATEGIES = ("perm", "prohibit", "invalid")
TYPES = ("Set", "Offer", "Agreement", "Request", "Policy", "Privacy", "Assertion")
# These propose or ask for rules; they grant nothing until an agreement is made.
NOT_BINDING = ("Offer", "Request")


def short(iri: str) -> str:
    """Return *iri* as people write it: the local name for the words of ODRL."""
    for namespace, prefix in ((ODRL, ""), (CC, "cc:"), (DCT, "dct:")):
        if iri.startswith(namespace):
            return prefix + iri.removeprefix(namespace)
    return iri
