"""The words of the design, and the machines whose states the help draws."""

from listings.admission import LISTING, PRODUCT
from listings.marking import N_
from marketplace.community.access import REQUEST
from marketplace.members.verification import MEMBER
from marketplace.trading.agreements import AGREEMENT
from marketplace.trading.contests import CONTEST
from marketplace.trading.filings import FILING
from marketplace.trading.invoices import INVOICE
from marketplace.trading.mandates import MANDATE
from marketplace.trading.offers import OFFER
from marketplace.trading.orders import ORDER
from marketplace.trading.pools import POOL
from marketplace.trading.splits import SPLIT
from marketplace.trading.tenders import TENDER
from marketplace.trading.venue import BOOK
from settlement.cycles import OBLIGATION, RUN
from settlement.disputes import DISPUTE
from settlement.entitlements import ENTITLEMENT
from settlement.escrows import TRADE
from settlement.payments.payins import PAYIN
from settlement.payments.payouts import PAYOUT
from settlement.statistics.publications import PUBLICATION

MACHINES = (
    PRODUCT,
    LISTING,
    ORDER,
    ENTITLEMENT,
    PAYIN,
    PAYOUT,
    MEMBER,
    BOOK,
    OFFER,
    TENDER,
    FILING,
    CONTEST,
    TRADE,
    DISPUTE,
    SPLIT,
    OBLIGATION,
    RUN,
    REQUEST,
    PUBLICATION,
    AGREEMENT,
    POOL,
    INVOICE,
    MANDATE,
)
MACHINE_NAMES = {
    "product": N_("Product"),
    "request": N_("Access request"),
    "listing": N_("Listing"),
    "order": N_("Order"),
    "entitlement": N_("Usage right"),
    "payin": N_("Pay-in"),
    "payout": N_("Payout"),
    "member": N_("Member"),
    "book": N_("Trading in an instrument"),
    "mandate": N_("Mandate"),
    "offer": N_("Quote or personal price"),
    "tender": N_("Tender"),
    "filing": N_("Filed deal"),
    "contest": N_("Auction"),
    "trade": N_("Trade"),
    "dispute": N_("Dispute"),
    "publication": N_("Publication of statistics"),
    "split": N_("Agreement on shares"),
    "obligation": N_("Obligation"),
    "run": N_("Netting run"),
    "agreement": N_("Contract to be signed"),
    "pool": N_("Group buy"),
    "invoice": N_("Invoice"),
}
# Chinese, English, what it means: the words of the design, one meaning each.
GLOSSARY = (
    (
        "验收",
        "acceptance",
        N_("The buyer's confirmation of a delivery; only then is the vendor paid."),
    ),
    ("会员", "member", N_("An organisation that can hold and trade.")),
    (
        "供方",
        "vendor",
        N_("A member that lists products and sells rights to use them."),
    ),
    ("需方", "buyer", N_("A member that buys rights to use products.")),
    ("用户", "user", N_("A login that acts for a member.")),
    ("需求", "demand", N_("What a member looks for and nobody lists yet, posted.")),
    ("数据产品", "product", N_("What is described and registered.")),
    ("版本", "release", N_("One immutable version of a product.")),
    ("登记", "registration", N_("The registered facts, with certificate number.")),
    ("凭证", "certificate", N_("Signed proof of a registration or a trade.")),
    (
        "挂牌",
        "listing",
        N_("A product admitted to the market, in public, with its instruments."),
    ),
    ("使用权许可", "licence", N_("Terms of use.")),
    (
        "交易标的",
        "instrument",
        N_("Product, licence and unit together: what is traded, under a symbol."),
    ),
    (
        "委托",
        "order",
        N_("An instruction to buy (a bid) or to sell (an offer), with its limit."),
    ),
    (
        "挂牌价",
        "posted price",
        N_("A vendor's offer that waits in the book and does not run out."),
    ),
    (
        "试用",
        "trial",
        N_("A free right for a short term, once for each member; buying ends it."),
    ),
    (
        "阶梯",
        "tier",
        N_("A step of a plan: the price of the units inside it, and of no others."),
    ),
    (
        "上限收费标准",
        "ceiling",
        N_("The highest price of public data for industry, set by its authority."),
    ),
    (
        "专属报价",
        "personal price",
        N_("An offer to one member, for a lawful reason on record; never in a book."),
    ),
    (
        "询价",
        "request for quotes",
        N_("A demand put to chosen vendors or to all of a sector, answered by quotes."),
    ),
    (
        "报价",
        "quote",
        N_("A firm price for one buyer, until a day; who takes it trades at once."),
    ),
    (
        "备案",
        "filed deal",
        N_("A deal made elsewhere, put on record; no price or money follows from it."),
    ),
    (
        "招标",
        "tender",
        N_("Sealed bids for a demand until a moment, opened together and scored."),
    ),
    (
        "还价",
        "counter-offer",
        N_("Another price or quantity in answer; what it answers ends by it."),
    ),
    (
        "竞价",
        "auction",
        N_("One right to the best of many bidders, each with a deposit."),
    ),
    (
        "涨价预告",
        "notice of a rise",
        N_("A higher price announced at once; it holds after the notice period."),
    ),
    (
        "价格离散",
        "dispersion",
        N_("How far the prices of one instrument in a month lie apart."),
    ),
    ("成交", "trade", N_("One match of a bid and an offer: price, quantity, parties.")),
    (
        "合同",
        "contract",
        N_(
            "What was agreed in a trade, frozen: release, licence, purpose, price, fee."
        ),
    ),
    ("清算", "clearing", N_("From a trade to what each side owes.")),
    ("结算", "settlement", N_("The transfers that discharge what is owed.")),
    (
        "争议",
        "dispute",
        N_("A buyer's objection to what was delivered; the money waits meanwhile."),
    ),
    (
        "分账",
        "share",
        N_("A part in the proceeds of a trade, in basis points, agreed on by all."),
    ),
    ("退款", "refund", N_("Money that goes back to the buyer, whole or in part.")),
    ("账户", "account", N_("Owner, asset and pocket: free, held, in escrow.")),
    (
        "子账户",
        "pocket",
        N_("A part of an account: what is free, what is held, what is in escrow."),
    ),
    ("划转", "transfer", N_("One immutable move from one account to another.")),
    ("冻结", "hold", N_("Money or units reserved for a waiting order or a payout.")),
    (
        "使用权",
        "entitlement",
        N_("The right that you hold: from when, until when, how often, for what."),
    ),
    ("交付", "delivery", N_("Handing over what a right opens; leaves a receipt.")),
    ("入金", "payin", N_("Money that comes in.")),
    ("出金", "payout", N_("Money that goes out.")),
    (
        "流水",
        "journal",
        N_("The numbered, hash-chained record of every command and its outcome."),
    ),
    (
        "交易记录",
        "record",
        N_("One entry of the journal, or what a member is shown of it."),
    ),
    ("拒绝", "refusal", N_('An expected "no", with its reason and facts.')),
    ("交易所", "house", N_("The operator of the exchange.")),
    (
        "应付应收",
        "obligation",
        N_("What buyer and seller of a trade owe each other until its cycle ends."),
    ),
    (
        "结算周期",
        "cycle",
        N_("The working days after which trades of a kind are netted and paid."),
    ),
)
