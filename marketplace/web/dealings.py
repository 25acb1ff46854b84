"""What auctions, quotes, personal prices and demands are called."""

from collections.abc import Mapping

from listings.marking import N_

DEALINGS: Mapping[str, Mapping[str, str]] = {
    "mandate": {
        "active": N_("In force"),
        "ended": N_("Ended by the member"),
        "expired": N_("Expired"),
    },
    "approval": {
        "waiting": N_("Waits for a colleague"),
        "approved": N_("Approved, to be sent"),
        "sent": N_("Approved and done"),
        "refused": N_("Approved, refused by the market"),
        "rejected": N_("Turned down"),
        "withdrawn": N_("Taken back"),
        "expired": N_("Not decided in time"),
    },
    "approval_kind": {
        "PlaceOrder": N_("Order to buy"),
        "PlaceBasket": N_("Basket"),
        "ReplaceOrder": N_("Change of an order"),
        "OfferPrice": N_("Offer to buy"),
        "CounterOffer": N_("Counter-offer"),
        "TakeOffer": N_("Acceptance of a quote"),
        "JoinPool": N_("Joining a group buy"),
        "BidInContest": N_("Bid in an auction"),
        "SignContract": N_("Signature of a contract"),
        "limit": N_("Higher limit"),
    },
    "contest": {
        "open": N_("Takes bids"),
        "awarded": N_("Waits for payment"),
        "sold": N_("Sold"),
        "failed": N_("Nothing sold"),
        "cancelled": N_("Called off"),
    },
    "contest_kind": {
        "ascending": N_("Ascending auction"),
        "first": N_("Sealed bids, the best pays its own price"),
        "second": N_("Sealed bids, the best pays the next price"),
    },
    "bidder": {
        "held": N_("Deposit held"),
        "returned": N_("Deposit returned"),
        "excluded": N_("Deposit returned"),
        "paid": N_("Won and paid"),
        "forfeited": N_("Deposit lost"),
    },
    "offer": {
        "open": N_("Waits for an answer"),
        "taken": N_("Taken"),
        "countered": N_("Answered with another"),
        "declined": N_("Not accepted"),
        "withdrawn": N_("Withdrawn"),
        "expired": N_("Expired"),
    },
    "personal": {
        "asked": N_("Asked for, negotiated"),
        "need": N_("Real need or custom of the trade"),
        "newcomer": N_("Promotion for new users, for a fixed time"),
        "random": N_("Fair random rule"),
        "other": N_("Other lawful cause"),
    },
    "change": {
        "price": N_("Price"),
        "quantity": N_("Quantity"),
        "validity": N_("How long it is firm"),
        "licence": N_("Licence and term"),
        "delivery": N_("Delivery and support"),
        "other": N_("Something else"),
    },
    "demand": {
        "open": N_("Takes answers"),
        "closed": N_("Closed by the buyer"),
        "ended": N_("Its time is over"),
    },
    "audience": {
        "public": N_("Everybody, on the board"),
        "sector": N_("All vendors of the sector"),
        "chosen": N_("Vendors whom the buyer chose"),
    },
    "tender": {
        "open": N_("Takes sealed bids"),
        "closed": N_("Closed, bids not opened yet"),
        "opened": N_("Opened, to be awarded"),
        "awarded": N_("Awarded"),
        "failed": N_("Failed"),
        "cancelled": N_("Called off"),
    },
    "bid": {
        "sealed": N_("Sealed"),
        "opened": N_("Opened"),
        "void": N_("Void: not what was sealed, or not possible any more"),
        "returned": N_("Not opened"),
    },
    "bond": {
        "none": N_("No deposit"),
        "held": N_("Deposit held"),
        "returned": N_("Deposit returned"),
        "forfeited": N_("Deposit lost"),
    },
    "factor": {
        "words": N_("shared words"),
        "sector": N_("same sector"),
        "purpose": N_("purpose permitted"),
        "budget": N_("within the budget"),
        "sold": N_("sold before"),
    },
    "pool": {
        "open": N_("May be joined"),
        "sold": N_("Sold"),
        "failed": N_("Too few joined"),
        "cancelled": N_("Called off"),
    },
    "agreement": {
        "signing": N_("To be signed"),
        "signed": N_("Concluded"),
        "returned": N_("Returned"),
        "withdrawn": N_("Withdrawn"),
        "expired": N_("Not signed in time"),
    },
    "filing": {
        "entered": N_("Waits for the other side"),
        "confirmed": N_("Confirmed, waits for the registrar"),
        "contested": N_("Contested by the other side"),
        "withdrawn": N_("Withdrawn"),
        "registered": N_("On record"),
        "refused": N_("Not put on record"),
    },
}
