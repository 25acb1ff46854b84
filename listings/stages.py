"""How far products and listings come: their states, events and machines."""

from enum import StrEnum

from settlement.states import Machine


class ProductState(StrEnum):
    """How far a product has come."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    PUBLICITY = "publicity"
    OBJECTION = "objection"
    REGISTERED = "registered"
    LAPSED = "lapsed"


class ProductEvent(StrEnum):
    """What may happen to a product."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    OBJECT = "object"
    UPHOLD = "uphold"  # the objection was right
    DISMISS = "dismiss"  # the objection was wrong
    LAPSE = "lapse"  # the time of publicity is over
    CHANGE = "change"
    RENEW = "renew"
    EXPIRE = "expire"
    CANCEL = "cancel"


class ListingState(StrEnum):
    """Whether a product is on the market."""

    PENDING = "pending"
    REFUSED = "refused"  # for now: the vendor may ask again
    ADMITTED = "admitted"  # approved; the vendor chooses the moment
    LISTED = "listed"
    SUSPENDED = "suspended"
    DELISTED = "delisted"


class ListingEvent(StrEnum):
    """What may happen to a listing."""

    REQUEST = "request"
    RETURN = "return"
    ADMIT = "admit"
    PUBLISH = "publish"
    SUSPEND = "suspend"
    RESUME = "resume"
    DELIST = "delist"


_P, _E = ProductState, ProductEvent
PRODUCT = Machine(
    "product",
    {
        (_P.DRAFT, _E.SUBMIT): _P.IN_REVIEW,
        (_P.RETURNED, _E.SUBMIT): _P.IN_REVIEW,
        (_P.IN_REVIEW, _E.RETURN): _P.RETURNED,
        (_P.IN_REVIEW, _E.APPROVE): _P.PUBLICITY,
        (_P.PUBLICITY, _E.OBJECT): _P.OBJECTION,
        (_P.OBJECTION, _E.UPHOLD): _P.RETURNED,
        (_P.OBJECTION, _E.DISMISS): _P.PUBLICITY,
        (_P.PUBLICITY, _E.LAPSE): _P.REGISTERED,
        (_P.REGISTERED, _E.CHANGE): _P.IN_REVIEW,
        (_P.REGISTERED, _E.RENEW): _P.IN_REVIEW,
        (_P.REGISTERED, _E.EXPIRE): _P.LAPSED,
        (_P.REGISTERED, _E.CANCEL): _P.LAPSED,
    },
)
_L, _V = ListingState, ListingEvent
LISTING = Machine(
    "listing",
    {
        (_L.PENDING, _V.RETURN): _L.REFUSED,
        (_L.REFUSED, _V.REQUEST): _L.PENDING,
        (_L.PENDING, _V.ADMIT): _L.ADMITTED,
        (_L.ADMITTED, _V.PUBLISH): _L.LISTED,
        (_L.ADMITTED, _V.DELIST): _L.DELISTED,
        (_L.LISTED, _V.SUSPEND): _L.SUSPENDED,
        (_L.SUSPENDED, _V.RESUME): _L.LISTED,
        (_L.LISTED, _V.DELIST): _L.DELISTED,
        (_L.SUSPENDED, _V.DELIST): _L.DELISTED,
    },
)
