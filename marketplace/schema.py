"""The whole schema: importing this module declares the tables of every room."""

import listings.cleanroom.tables
import listings.cuts.tables
import listings.fitting.tables
import listings.intake.tables
import listings.quality.tables
import listings.registration.tables
import listings.tables
import marketplace.applications.tables
import marketplace.approvals.tables
import marketplace.community.tables
import marketplace.delivery.tables
import marketplace.members.tables
import marketplace.metering.tables
import marketplace.payments.tables
import marketplace.pricing.tables
import marketplace.privacy.tables
import marketplace.surveillance.tables
import marketplace.timelines.tables
import marketplace.trading.agreement_tables
import marketplace.trading.erasure_tables
import marketplace.trading.invoice_tables
import marketplace.trading.mandate_tables
import marketplace.trading.pool_tables
import marketplace.trading.tables
import marketplace.trading.tender_tables
import marketplace.trading.usage_tables
import marketplace.webhooks.tables
import settlement.claim_tables
import settlement.closing_tables
import settlement.cycle_tables
import settlement.payments.tables
import settlement.share_tables
import settlement.statistics.tables
import settlement.tables
from settlement.store import metadata

ROOMS = (
    settlement.tables,
    settlement.claim_tables,
    settlement.closing_tables,
    settlement.payments.tables,
    settlement.share_tables,
    settlement.cycle_tables,
    settlement.statistics.tables,
    listings.tables,
    listings.quality.tables,
    listings.registration.tables,
    listings.intake.tables,
    listings.cleanroom.tables,
    listings.cuts.tables,
    listings.fitting.tables,
    marketplace.members.tables,
    marketplace.delivery.tables,
    marketplace.community.tables,
    marketplace.trading.tables,
    marketplace.trading.tender_tables,
    marketplace.trading.usage_tables,
    marketplace.metering.tables,
    marketplace.trading.agreement_tables,
    marketplace.trading.invoice_tables,
    marketplace.trading.pool_tables,
    marketplace.trading.mandate_tables,
    marketplace.trading.erasure_tables,
    marketplace.privacy.tables,
    marketplace.surveillance.tables,
    marketplace.timelines.tables,
    marketplace.pricing.tables,
    marketplace.payments.tables,
    marketplace.approvals.tables,
    marketplace.webhooks.tables,
    marketplace.applications.tables,
)

__all__ = ["ROOMS", "metadata"]
