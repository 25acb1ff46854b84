"""Which refusal is which status of HTTP."""

from http import HTTPStatus

from listings.cleanroom.asking import QueryLimit
from listings.cleanroom.expressions import NotAllowed
from listings.cleanroom.groupings import NotGrouped
from listings.fetches import NotCancellable
from listings.files import FileTooLarge
from listings.products import EditedMeanwhile, NotEditable
from listings.publicdata import AuthorisationOver
from listings.quality.reports import BeingExamined
from listings.registration.checklist import ChecklistOpen
from listings.registration.deadlines import (
    NoticeRuns,
    RegistrationExpired,
    RenewalTooEarly,
)
from listings.registration.marks import Marked
from listings.registration.opinions import ComplianceLacking
from listings.releases import BeingFetched, Finalised, NotRevocable, Revoked
from listings.search.index import IndexBusy
from listings.search.query import (
    PageTooFar,
    QueryTooLong,
    TooManyTerms,
    TooManyValues,
)
from listings.steps import Claimed
from marketplace.applications.seats import (
    NoApplication,
    SeatGone,
    SeatsTaken,
    SeatTokenReplaced,
)
from marketplace.applications.tokens import BadSeatToken
from marketplace.approvals import desk as approvals
from marketplace.auditing import TooManyRows
from marketplace.certificates import NoCertificate
from marketplace.community.blind import WindowOver
from marketplace.community.complaints import ComplaintDecided
from marketplace.community.demands import TooManyDemands
from marketplace.community.searches import TooManySearches
from marketplace.delivery.continuity import (
    NothingToReturn,
    StillServed,
    VendorStays,
)
from marketplace.delivery.files import ReceiptTooOld
from marketplace.delivery.fits import NotComparable, TooManyFits
from marketplace.delivery.leaks import NotMarked
from marketplace.delivery.licence import NotLicensed
from marketplace.delivery.roomsettings import RoomSold
from marketplace.delivery.shares import NoSuchVersion
from marketplace.delivery.sharings import BadToken, TooManyProfiles
from marketplace.limits import TooManyTries
from marketplace.members.keys import BadKey, TooManyKeys
from marketplace.members.profiles import RequestDecided
from marketplace.members.roles import PasswordNeeded, SignInNeeded
from marketplace.members.users import WrongSignIn
from marketplace.metering.breaker import ServiceFull, ServiceRests
from marketplace.metering.calling import ServiceFailed
from marketplace.metering.gate import AddressNotAllowed
from marketplace.metering.keys import BadServiceKey, TooManyServiceKeys
from marketplace.metering.standing import (
    BudgetUsedUp,
    CalledTooFast,
    NotConnected,
    PeriodUsedUp,
)
from marketplace.payments.answers import RAILS
from marketplace.pricing.quotes import NotForUnnamed, NotNamedYet, NotWithThisBuyer
from marketplace.pricing.revising import ChangesAsked, TooManyChanges
from marketplace.pricing.tenders import NotScored, NotTheBest
from marketplace.privacy.holding import StillNeeded
from marketplace.privacy.retention import NothingErased
from marketplace.publishing import NotOverYet, Simulated
from marketplace.streams.disconnects import CannotWatch
from marketplace.streams.feed import TooManyStreams
from marketplace.surveillance.desk import CaseClosed
from marketplace.trading import agreements, mandates, pools
from marketplace.trading.auction import NotInCall
from marketplace.trading.baskets import BlockedLine, NotOffered, OverTotal
from marketplace.trading.contests import (
    AlreadyLeading,
    BidsStand,
    BidTooLow,
    ContestOver,
    OwnContest,
    TooManyContests,
)
from marketplace.trading.dues import (
    DebtOpen,
    NothingDue,
    NotYetPaid,
    ReserveTooSmall,
    RunUnderWay,
)
from marketplace.trading.erasing import AlreadyErased
from marketplace.trading.escrows import (
    NothingToAccept,
    NotInDispute,
    NotSoMany,
    NotYetDelivered,
)
from marketplace.trading.filings import TooManyFilings
from marketplace.trading.invoices import PaperTaken
from marketplace.trading.kept import QuoteOver
from marketplace.trading.lease import WriterElsewhere
from marketplace.trading.limits import TooFast, TooManyUntraded
from marketplace.trading.offers import TooManyOffers
from marketplace.trading.splits import LineageCycle, SplitWaits, TooManyShares
from marketplace.trading.stops import TradingHalted, TradingStopped
from marketplace.trading.tender_reads import BidStands
from marketplace.trading.tenders import TenderOver, TenderRuns
from marketplace.trading.usage import NotMetered, OutOfStep, TooLateToDeclare
from marketplace.trading.venue import (
    AlreadyTried,
    FixedFact,
    InstrumentClosed,
    NotAdmitted,
    NotVerified,
    SoldOut,
    SymbolTaken,
    UnknownInstrument,
)
from marketplace.transparency import NotLoggedYet
from marketplace.webhooks.endpoints import TooManyWebhooks
from settlement.busts import AlreadyBusted, NotWhole, RightUsed, TooLate
from settlement.closings import CloseProposed, NotInTurn, NotReady, PeriodClosed
from settlement.entitlements import QuotaUsedUp, RightEnded
from settlement.errors import (
    Busy,
    ChangedMeanwhile,
    ExchangeHalted,
    Forbidden,
    IllegalMove,
    InsufficientBalance,
    Invalid,
    KeyReuse,
    NotFound,
    OutcomeUnknown,
    OwnWork,
    Refusal,
)
from settlement.refunds import MoreThanPaid
from settlement.statistics.publications import AlreadyProposed, Withdrawn

# What is not here is 422: understood, but not possible by the rules of the market.
STATUS: dict[type[Refusal], HTTPStatus] = {
    SignInNeeded: HTTPStatus.UNAUTHORIZED,
    PasswordNeeded: HTTPStatus.FORBIDDEN,
    WrongSignIn: HTTPStatus.UNAUTHORIZED,
    BadKey: HTTPStatus.UNAUTHORIZED,
    BadToken: HTTPStatus.UNAUTHORIZED,
    BadServiceKey: HTTPStatus.UNAUTHORIZED,
    InsufficientBalance: HTTPStatus.PAYMENT_REQUIRED,
    BudgetUsedUp: HTTPStatus.PAYMENT_REQUIRED,
    PeriodUsedUp: HTTPStatus.FORBIDDEN,
    AddressNotAllowed: HTTPStatus.FORBIDDEN,
    CalledTooFast: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyFits: HTTPStatus.TOO_MANY_REQUESTS,
    NotComparable: HTTPStatus.CONFLICT,
    NotMarked: HTTPStatus.CONFLICT,
    VendorStays: HTTPStatus.CONFLICT,
    StillServed: HTTPStatus.CONFLICT,
    NothingToReturn: HTTPStatus.CONFLICT,
    ServiceFull: HTTPStatus.SERVICE_UNAVAILABLE,
    ServiceRests: HTTPStatus.SERVICE_UNAVAILABLE,
    ServiceFailed: HTTPStatus.BAD_GATEWAY,
    NotConnected: HTTPStatus.CONFLICT,
    TooManyServiceKeys: HTTPStatus.CONFLICT,
    OutOfStep: HTTPStatus.CONFLICT,
    NotMetered: HTTPStatus.CONFLICT,
    TooLateToDeclare: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotOverYet: HTTPStatus.CONFLICT,
    Simulated: HTTPStatus.CONFLICT,
    AlreadyProposed: HTTPStatus.CONFLICT,
    AlreadyErased: HTTPStatus.CONFLICT,
    NothingErased: HTTPStatus.CONFLICT,
    StillNeeded: HTTPStatus.CONFLICT,
    Withdrawn: HTTPStatus.GONE,
    OwnWork: HTTPStatus.FORBIDDEN,
    approvals.AskersHand: HTTPStatus.FORBIDDEN,
    NotVerified: HTTPStatus.FORBIDDEN,
    NotAdmitted: HTTPStatus.FORBIDDEN,
    RightEnded: HTTPStatus.FORBIDDEN,
    QuotaUsedUp: HTTPStatus.FORBIDDEN,
    NotLicensed: HTTPStatus.FORBIDDEN,
    NotAllowed: HTTPStatus.BAD_REQUEST,
    QueryLimit: HTTPStatus.REQUEST_TIMEOUT,
    NotGrouped: HTTPStatus.CONFLICT,
    RoomSold: HTTPStatus.CONFLICT,
    NotFound: HTTPStatus.NOT_FOUND,
    NoSuchVersion: HTTPStatus.NOT_FOUND,
    UnknownInstrument: HTTPStatus.NOT_FOUND,
    IllegalMove: HTTPStatus.CONFLICT,
    InstrumentClosed: HTTPStatus.CONFLICT,
    NotInCall: HTTPStatus.CONFLICT,
    TradingStopped: HTTPStatus.CONFLICT,
    TradingHalted: HTTPStatus.CONFLICT,
    **RAILS,
    TooFast: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyUntraded: HTTPStatus.TOO_MANY_REQUESTS,
    SymbolTaken: HTTPStatus.CONFLICT,
    FixedFact: HTTPStatus.CONFLICT,
    AlreadyTried: HTTPStatus.CONFLICT,
    SoldOut: HTTPStatus.CONFLICT,
    QuoteOver: HTTPStatus.CONFLICT,
    TooManyFilings: HTTPStatus.CONFLICT,
    **dict.fromkeys(
        agreements.CONFLICTS
        + pools.CONFLICTS
        + approvals.CONFLICTS
        + mandates.CONFLICTS,
        HTTPStatus.CONFLICT,
    ),
    **dict.fromkeys(mandates.FORBIDDEN, HTTPStatus.FORBIDDEN),
    mandates.OverBudget: HTTPStatus.PAYMENT_REQUIRED,
    TenderOver: HTTPStatus.CONFLICT,
    TenderRuns: HTTPStatus.CONFLICT,
    ChangesAsked: HTTPStatus.CONFLICT,
    TooManyChanges: HTTPStatus.CONFLICT,
    NotNamedYet: HTTPStatus.CONFLICT,
    NotForUnnamed: HTTPStatus.CONFLICT,
    NotWithThisBuyer: HTTPStatus.CONFLICT,
    BidStands: HTTPStatus.CONFLICT,
    NotScored: HTTPStatus.CONFLICT,
    NotTheBest: HTTPStatus.CONFLICT,
    BidTooLow: HTTPStatus.CONFLICT,
    AlreadyLeading: HTTPStatus.CONFLICT,
    OwnContest: HTTPStatus.FORBIDDEN,
    ContestOver: HTTPStatus.CONFLICT,
    BidsStand: HTTPStatus.CONFLICT,
    NothingToAccept: HTTPStatus.CONFLICT,
    NotSoMany: HTTPStatus.CONFLICT,
    NotInDispute: HTTPStatus.CONFLICT,
    NotYetDelivered: HTTPStatus.CONFLICT,
    MoreThanPaid: HTTPStatus.CONFLICT,
    BlockedLine: HTTPStatus.CONFLICT,
    NotOffered: HTTPStatus.CONFLICT,
    OverTotal: HTTPStatus.CONFLICT,
    AlreadyBusted: HTTPStatus.CONFLICT,
    RightUsed: HTTPStatus.CONFLICT,
    NotWhole: HTTPStatus.CONFLICT,
    TooLate: HTTPStatus.CONFLICT,
    **dict.fromkeys(
        (PaperTaken, PeriodClosed, CloseProposed, NotInTurn, NotReady, TooManyRows),
        HTTPStatus.CONFLICT,
    ),
    LineageCycle: HTTPStatus.CONFLICT,
    DebtOpen: HTTPStatus.CONFLICT,
    NothingDue: HTTPStatus.CONFLICT,
    NotYetPaid: HTTPStatus.CONFLICT,
    ReserveTooSmall: HTTPStatus.CONFLICT,
    RunUnderWay: HTTPStatus.CONFLICT,
    SplitWaits: HTTPStatus.CONFLICT,
    TooManyShares: HTTPStatus.CONFLICT,
    TooManyContests: HTTPStatus.CONFLICT,
    TooManyOffers: HTTPStatus.CONFLICT,
    EditedMeanwhile: HTTPStatus.CONFLICT,
    ChangedMeanwhile: HTTPStatus.CONFLICT,
    NotEditable: HTTPStatus.CONFLICT,
    Finalised: HTTPStatus.CONFLICT,
    NotRevocable: HTTPStatus.CONFLICT,
    Revoked: HTTPStatus.GONE,
    BeingExamined: HTTPStatus.CONFLICT,
    BeingFetched: HTTPStatus.CONFLICT,
    NotCancellable: HTTPStatus.CONFLICT,
    ChecklistOpen: HTTPStatus.CONFLICT,
    Claimed: HTTPStatus.CONFLICT,
    ComplianceLacking: HTTPStatus.CONFLICT,
    NoticeRuns: HTTPStatus.CONFLICT,
    RegistrationExpired: HTTPStatus.CONFLICT,
    AuthorisationOver: HTTPStatus.CONFLICT,
    RenewalTooEarly: HTTPStatus.CONFLICT,
    Marked: HTTPStatus.CONFLICT,
    NoCertificate: HTTPStatus.NOT_FOUND,
    RequestDecided: HTTPStatus.CONFLICT,
    ComplaintDecided: HTTPStatus.CONFLICT,
    WindowOver: HTTPStatus.CONFLICT,
    NotLoggedYet: HTTPStatus.CONFLICT,
    TooManyKeys: HTTPStatus.CONFLICT,
    TooManyProfiles: HTTPStatus.CONFLICT,
    ReceiptTooOld: HTTPStatus.GONE,
    NoApplication: HTTPStatus.CONFLICT,
    SeatsTaken: HTTPStatus.CONFLICT,
    SeatGone: HTTPStatus.CONFLICT,
    SeatTokenReplaced: HTTPStatus.CONFLICT,
    BadSeatToken: HTTPStatus.UNAUTHORIZED,
    TooManyWebhooks: HTTPStatus.CONFLICT,
    TooManyDemands: HTTPStatus.CONFLICT,
    TooManySearches: HTTPStatus.CONFLICT,
    FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    KeyReuse: HTTPStatus.UNPROCESSABLE_ENTITY,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    QueryTooLong: HTTPStatus.BAD_REQUEST,
    TooManyTerms: HTTPStatus.BAD_REQUEST,
    TooManyValues: HTTPStatus.BAD_REQUEST,
    PageTooFar: HTTPStatus.BAD_REQUEST,
    TooManyTries: HTTPStatus.TOO_MANY_REQUESTS,
    CaseClosed: HTTPStatus.CONFLICT,
    TooManyStreams: HTTPStatus.TOO_MANY_REQUESTS,
    CannotWatch: HTTPStatus.CONFLICT,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    ExchangeHalted: HTTPStatus.SERVICE_UNAVAILABLE,
    OutcomeUnknown: HTTPStatus.SERVICE_UNAVAILABLE,
    WriterElsewhere: HTTPStatus.SERVICE_UNAVAILABLE,
    IndexBusy: HTTPStatus.SERVICE_UNAVAILABLE,
}


def status_of(refusal: Refusal) -> HTTPStatus:
    """Return the HTTP status of *refusal*: its class's or its nearest parent's."""
    for kind in type(refusal).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.UNPROCESSABLE_ENTITY
